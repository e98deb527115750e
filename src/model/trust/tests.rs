//! Signatures that hold and all that do not.

use proptest::prelude::*;

use super::testing::{PretendedSecurityKey, SoftwareKey};
use super::*;
use crate::model::name::Principal;
use crate::model::time::Timestamp;

fn name(text: &str) -> Principal {
    Principal::parse(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn line(principal: &str, options: &str, key: &str) -> String {
    format!("{principal} {options} {key}\n")
}

const GATE: &str = "namespaces=\"agentops-gate\"";
const BYTES: &[u8] = b"v = 1\nvoter = \"alice\"\n";

fn alice() -> (SoftwareKey, Signers) {
    let key = SoftwareKey::new(1);
    let signers = Signers::parse(line("alice", GATE, &key.public()).as_bytes()).unwrap();
    (key, signers)
}

fn verify(signers: &Signers, who: &str, presence: Presence, bytes: &[u8], armor: &str) -> Result<Proved, Refusal> {
    signers.verify(&name(who), &at("2026-11-21T08:00:00Z"), presence, bytes, armor)
}

#[test]
fn the_owner_of_the_key_is_proved() {
    let (key, signers) = alice();
    let proved = verify(&signers, "alice", Presence::None, BYTES, &key.sign(NAMESPACE, BYTES)).unwrap();
    assert_eq!(proved.presence, None);
    assert_eq!(proved.fingerprint, signers.get(&name("alice")).unwrap().key.fingerprint());
}

#[test]
fn what_is_signed_is_these_bytes_by_this_key_in_this_namespace() {
    let (key, signers) = alice();
    let good = key.sign(NAMESPACE, BYTES);
    let other = SoftwareKey::new(2);
    let refused =
        |who: &str, bytes: &[u8], armor: &str| verify(&signers, who, Presence::None, bytes, armor).unwrap_err();
    assert_eq!(refused("alice", b"v = 1\nvoter = \"alicf\"\n", &good), Refusal::Wrong);
    assert_eq!(refused("bob", BYTES, &good), Refusal::NoKey(name("bob")));
    assert!(matches!(refused("alice", BYTES, &other.sign(NAMESPACE, BYTES)), Refusal::OtherKey { .. }));
    let git = refused("alice", BYTES, &key.sign("git", BYTES)).to_string();
    assert_eq!(git, "its signature is made for another namespace than `agentops-gate`");
}

#[test]
fn an_armour_has_one_spelling() {
    let (key, signers) = alice();
    let good = key.sign(NAMESPACE, BYTES);
    let body = good.strip_prefix("-----BEGIN SSH SIGNATURE-----\n").unwrap();
    let padded = good.replacen('\n', "\n ", 2);
    let cases = [
        ("a second signature after END", format!("{good}{good}")),
        ("words before", format!("signed:\n{good}")),
        ("words after", format!("{good}\n")),
        ("no last line end", good.trim_end().to_owned()),
        ("carriage returns", good.replace('\n', "\r\n")),
        ("white space inside", padded),
        ("an empty line", good.replacen('\n', "\n\n", 1)),
        ("nothing inside", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n".into()),
        ("another label", good.replace("SSH SIGNATURE", "PGP SIGNATURE")),
        ("other line lengths", {
            let joined: String = body.lines().filter(|line| !line.starts_with('-')).collect();
            format!("-----BEGIN SSH SIGNATURE-----\n{joined}\n-----END SSH SIGNATURE-----\n")
        }),
    ];
    for (what, armor) in cases {
        let refused = verify(&signers, "alice", Presence::None, BYTES, &armor);
        assert!(matches!(refused, Err(Refusal::Form(_))), "{what}: {refused:?}");
    }
}

#[test]
fn dates_bound_what_a_key_may_sign() {
    let key = SoftwareKey::new(1);
    let options = format!("{GATE},valid-after=\"20261101Z\",valid-before=\"202611302359Z\"");
    let signers = Signers::parse(line("alice", &options, &key.public()).as_bytes()).unwrap();
    let armor = key.sign(NAMESPACE, BYTES);
    let verdict = |time: &str| signers.verify(&name("alice"), &at(time), Presence::None, BYTES, &armor);
    assert!(verdict("2026-11-01T00:00:00Z").is_ok() && verdict("2026-11-30T23:59:00Z").is_ok());
    assert_eq!(
        verdict("2026-10-31T23:59:59Z").unwrap_err().to_string(),
        "the key of `alice` is not valid before 2026-11-01T00:00:00Z"
    );
    assert_eq!(
        verdict("2026-11-30T23:59:01Z").unwrap_err().to_string(),
        "the key of `alice` is not valid after 2026-11-30T23:59:00Z"
    );
}

#[test]
fn a_security_key_shows_what_the_policy_wants() {
    for key in [PretendedSecurityKey::new(3), PretendedSecurityKey::ecdsa(3)] {
        let signers = Signers::parse(line("alice", GATE, &key.public()).as_bytes()).unwrap();
        assert!(signers.get(&name("alice")).unwrap().key.is_security_key());
        let verdict = |flags: u8, wanted| {
            verify(&signers, "alice", wanted, BYTES, &key.sign(flags, BYTES)).map(|proved| proved.presence)
        };
        assert_eq!(verdict(0x00, Presence::None), Ok(Some(Presence::None)));
        assert_eq!(verdict(0x01, Presence::Touch), Ok(Some(Presence::Touch)));
        assert_eq!(verdict(0x05, Presence::Pin), Ok(Some(Presence::Pin)));
        let refused = |flags, wanted| verdict(flags, wanted).unwrap_err().to_string();
        let wanted = |what: &str| format!("the policy wants a security key with {what}");
        assert_eq!(refused(0x00, Presence::Touch), wanted("a touch, and nobody touched it"));
        assert_eq!(refused(0x04, Presence::Pin), wanted("its PIN, and nobody touched it"));
        assert_eq!(refused(0x01, Presence::Pin), wanted("its PIN, and no PIN was given"));
        assert_eq!(
            verify(&signers, "alice", Presence::Touch, b"v = 1\n", &key.sign(1, BYTES)),
            Err(Refusal::Wrong),
            "other bytes"
        );
    }
    let (software, signers) = alice();
    let refused = verify(&signers, "alice", Presence::Touch, BYTES, &software.sign(NAMESPACE, BYTES)).unwrap_err();
    assert_eq!(refused.to_string(), "the policy wants a security key with a touch, and the key is none");
}

#[test]
fn flags_are_signed() {
    for key in [PretendedSecurityKey::new(3), PretendedSecurityKey::ecdsa(3)] {
        let signers = Signers::parse(line("alice", GATE, &key.public()).as_bytes()).unwrap();
        let armor = key.sign_showing(0, 1, BYTES);
        assert_eq!(verify(&signers, "alice", Presence::Touch, BYTES, &armor), Err(Refusal::Wrong));
        let honest = key.sign_showing(1, 1, BYTES);
        assert!(verify(&signers, "alice", Presence::Touch, BYTES, &honest).is_ok());
    }
}

#[test]
fn every_bad_line_fails_the_file() {
    let key = SoftwareKey::new(1).public();
    let other = SoftwareKey::new(2).public();
    let (kind, base64) = key.split_once(' ').unwrap();
    let good = line("alice", GATE, &key);
    let same_as_sk = PretendedSecurityKey::new(1).public();
    let ecdsa = {
        let point = p256::SecretKey::from_slice(&[1; 32]).unwrap().public_key();
        let key = ssh_key::public::EcdsaPublicKey::NistP256(point.into());
        ssh_key::PublicKey::from(ssh_key::public::KeyData::Ecdsa(key)).to_openssh().unwrap()
    };
    let weak = {
        // The point of order 1.
        let mut point = [0; 32];
        point[0] = 1;
        ssh_key::PublicKey::from(ssh_key::public::KeyData::Ed25519(ssh_key::public::Ed25519PublicKey(point)))
            .to_openssh()
            .unwrap()
    };
    let cases = [
        ("no options", format!("alice {key}\n"), "lacks the key"),
        ("no namespace", line("alice", "valid-after=\"20261121Z\"", &key), "names no namespace"),
        ("another namespace", line("alice", "namespaces=\"git\"", &key), "must name `agentops-gate`"),
        ("a pattern as namespace", line("alice", "namespaces=\"*\"", &key), "must name `agentops-gate`"),
        ("a pattern beside it", line("alice", "namespaces=\"agentops-gate,*\"", &key), "only plain names"),
        ("an authority", line("alice", &format!("cert-authority,{GATE}"), &key), "`cert-authority` is not an option"),
        ("an unknown option", line("alice", &format!("{GATE},no-touch-required"), &key), "is not an option"),
        ("an option twice", line("alice", &format!("{GATE},{GATE}"), &key), "is there twice"),
        ("upper case", line("alice", "Namespaces=\"agentops-gate\"", &key), "is not an option"),
        ("a date without Z", line("alice", &format!("{GATE},valid-after=\"20261121\""), &key), "does not end in `Z`"),
        ("no such day", line("alice", &format!("{GATE},valid-before=\"20260230Z\""), &key), "does not exist"),
        (
            "dates turned round",
            line("alice", &format!("{GATE},valid-after=\"20271121Z\",valid-before=\"20261121Z\""), &key),
            "is not before",
        ),
        ("a list of principals", line("alice,bob", GATE, &key), "is not a principal"),
        ("a pattern", line("*", GATE, &key), "is not a principal"),
        ("a quoted name", line("\"alice\"", GATE, &key), "is not a principal"),
        ("two keys", format!("{good}{}", line("alice", GATE, &other)), "has a key already"),
        ("one key under two names", format!("{good}{}", line("bob", GATE, &key)), "belongs to `alice` already"),
        (
            "the same key as a security key",
            format!("{good}{}", line("bob", GATE, &same_as_sk)),
            "belongs to `alice` already",
        ),
        (
            "the same ecdsa key as a security key",
            format!("{}{}", line("alice", GATE, &ecdsa), line("bob", GATE, &PretendedSecurityKey::ecdsa(1).public())),
            "belongs to `alice` already",
        ),
        ("another type", line("alice", GATE, &format!("ecdsa-sha2-nistp256 {base64}")), "is not a public key"),
        ("a certificate", line("alice", GATE, &format!("{kind}-cert-v01@openssh.com {base64}")), "is a certificate"),
        ("a weak key", line("alice", GATE, weak.trim_end()), "is a weak ed25519 key"),
        ("cut off", line("alice", GATE, &key[..key.len() - 4]), "is not a public key"),
        ("two spaces", line("alice ", GATE, &key), "two spaces"),
        ("a tab", line("alice", GATE, &key.replace(' ', "\t")), "control character"),
        ("a carriage return", good.replace('\n', "\r\n"), "carriage return"),
        ("an indented line", format!(" {good}"), "lacks a principal"),
        ("a mark", format!("\u{feff}{good}"), "not plain UTF-8"),
    ];
    for (what, text, expected) in cases {
        let problems = Signers::parse(text.as_bytes()).expect_err(what);
        let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(message.contains(expected), "{what}: {message}");
        // A good line beside it does not save the file.
        let beside = format!("{text}{}", line("carol", GATE, &SoftwareKey::new(9).public()));
        assert!(Signers::parse(beside.as_bytes()).is_err(), "{what}, beside a good line");
    }
    assert!(Signers::parse(b"\xff\n").is_err());
}

#[test]
fn comments_and_empty_lines_are_no_signers() {
    let text = format!(
        "# who may vote: Ålice\n\n{}",
        line("alice", GATE, &format!("{} alice@laptop of hers", SoftwareKey::new(1).public()))
    );
    let signers = Signers::parse(text.as_bytes()).unwrap();
    assert_eq!(
        signers.iter().map(|signer| (signer.principal.as_str(), signer.line)).collect::<Vec<_>>(),
        [("alice", 3)]
    );
    assert!(Signers::parse(b"").unwrap().is_empty());
}

proptest! {
    #[test]
    fn any_flipped_bit_of_the_armour_or_the_bytes_is_found(position in 0usize..400, bit in 0u32..8) {
        let (key, signers) = alice();
        let armor = key.sign(NAMESPACE, BYTES);
        let mut changed = armor.clone().into_bytes();
        let index = position % changed.len();
        changed[index] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(changed) {
            prop_assert!(verify(&signers, "alice", Presence::None, BYTES, &changed).is_err());
        }
        let mut bytes = BYTES.to_vec();
        let index = position % bytes.len();
        bytes[index] ^= 1 << bit;
        prop_assert_eq!(verify(&signers, "alice", Presence::None, &bytes, &armor), Err(Refusal::Wrong));
    }

    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Signers::parse(&bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert!(armor::read(&text).is_err());
        let dressed = format!("-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n");
        prop_assert!(armor::read(&dressed).is_err());
    }

    #[test]
    fn no_words_in_a_line_make_the_parser_panic(words in "[a-z0-9=\",Z*# ]{0,120}") {
        let _ = Signers::parse(words.as_bytes());
    }
}
