//! The armour of one SSH signature: exactly one block, in the one spelling that `ssh-keygen -Y sign` writes.

use ssh_key::public::KeyData;
use ssh_key::{PublicKey as SshKey, SshSig};

use super::NAMESPACE;
use super::key::Presence;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
/// Characters of base64 on each line but the last.
const WIDTH: usize = 70;
/// More than any key's signature takes: RSA of 4096 bits needs about 2,300 characters.
const LONGEST: usize = 8 * 1024;
/// Flags and counter, which end a security key's signature.
const TRAILER: usize = 5;

/// A signature whose form was checked; whom it belongs to was not.
#[derive(Debug)]
pub(super) struct Armored {
    pub(super) signature: SshSig,
    /// For security keys, what the signature says of the person.
    pub(super) presence: Option<Presence>,
}

/// Reads one armoured signature. Errors say what is wrong with it.
pub(super) fn read(armor: &str) -> Result<Armored, String> {
    if armor.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    let body = armor.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let body = body.ok_or("is not one block from `-----BEGIN SSH SIGNATURE-----` to its END, and nothing else")?;
    let lines: Vec<&str> = body.strip_suffix('\n').unwrap_or_default().split('\n').collect();
    let (last, full) = lines.split_last().ok_or("is empty")?;
    if full.iter().any(|line| line.len() != WIDTH) || !(1..=WIDTH).contains(&last.len()) {
        return Err(format!("is not wrapped at {WIDTH} characters, as `ssh-keygen -Y sign` does"));
    }
    let bytes = base64(&lines.concat())?;
    let signature = parse(&bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if canonical(&signature) != Some(bytes) {
        return Err("is not in its one canonical encoding".into());
    }
    if signature.version() != SshSig::VERSION || !signature.reserved().is_empty() {
        return Err("is of another version than 1, or carries reserved data".into());
    }
    if signature.namespace() != NAMESPACE {
        return Err(format!("is made for another namespace than `{NAMESPACE}`"));
    }
    same_algorithm(&signature)?;
    let raw = signature.signature_bytes();
    let presence = is_security_key(signature.public_key())
        .then(|| raw.len().checked_sub(TRAILER).and_then(|flags| raw.get(flags)).copied().map(Presence::of_flags));
    Ok(Armored { presence: presence.flatten(), signature })
}

fn parse(bytes: &[u8]) -> Result<SshSig, ssh_key::Error> {
    use ssh_encoding::{Decode as _, Reader as _};
    let mut rest = bytes;
    let signature = SshSig::decode(&mut rest)?;
    Ok(rest.finish(signature)?)
}

/// The one encoding of a signature (PROTOCOL.sshsig). The library reads some lengths loosely, so what it read is written
/// again and compared.
fn canonical(signature: &SshSig) -> Option<Vec<u8>> {
    fn string(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
        out.extend(u32::try_from(bytes.len()).ok()?.to_be_bytes());
        out.extend(bytes);
        Some(())
    }
    let made = signature.signature();
    let raw = made.as_bytes();
    let trailer = if is_security_key(signature.public_key()) { TRAILER } else { 0 };
    let (own, trailer) = raw.split_at_checked(raw.len().checked_sub(trailer)?)?;
    let mut blob = Vec::new();
    string(&mut blob, made.algorithm().as_str().as_bytes())?;
    string(&mut blob, own)?;
    blob.extend(trailer);
    let mut out = b"SSHSIG".to_vec();
    out.extend(signature.version().to_be_bytes());
    string(&mut out, &SshKey::from(signature.public_key().clone()).to_bytes().ok()?)?;
    string(&mut out, signature.namespace().as_bytes())?;
    string(&mut out, signature.reserved())?;
    string(&mut out, signature.hash_alg().as_str().as_bytes())?;
    string(&mut out, &blob)?;
    Some(out)
}

fn is_security_key(key: &KeyData) -> bool {
    matches!(key, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
}

/// The key decides how its signature is made: a signature that names another way is not read in two ways.
fn same_algorithm(signature: &SshSig) -> Result<(), String> {
    use ssh_key::Algorithm;
    let (key, made) = (signature.public_key().algorithm(), signature.algorithm());
    let fits = match (&key, &made) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { hash: Some(_) }) => true,
        (Algorithm::Rsa { .. }, _) => false,
        _ => key == made,
    };
    if fits { Ok(()) } else { Err(format!("is made with {made} under a key for {key}")) }
}

/// Canonical base64 with padding.
fn base64(text: &str) -> Result<Vec<u8>, String> {
    use base64ct::{Base64, Encoding as _};
    // The decoder refuses other alphabets, white space, wrong padding and bits that no byte takes.
    Base64::decode_vec(text).map_err(|error| format!("is not base64: {error}"))
}
