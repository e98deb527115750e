//! Public keys that may sign: strong algorithms in one spelling.

use std::fmt;

use ssh_key::{EcdsaCurve, HashAlg, public::KeyData};

/// The least bits of an RSA modulus.
const RSA_LEAST: usize = 3072;
/// The most bits of an RSA modulus that the verifying library takes.
const RSA_MOST: usize = 4096;

/// What a security key says of the person at it. In the order of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Presence {
    /// Nothing: any key that signs.
    #[default]
    None,
    /// The key was touched (FIDO's user presence).
    Touch,
    /// The key was touched and its PIN given or a finger recognised (FIDO's user verification).
    Pin,
}

impl Presence {
    /// FIDO's flag "user present".
    const TOUCHED: u8 = 0x01;
    /// FIDO's flag "user verified".
    const VERIFIED: u8 = 0x04;

    /// What the flags of a security key's signature say. Verification without presence is not one that OpenSSH makes.
    pub(super) fn of_flags(flags: u8) -> Self {
        match (flags & Self::TOUCHED != 0, flags & Self::VERIFIED != 0) {
            (true, true) => Self::Pin,
            (true, false) => Self::Touch,
            (false, _) => Self::None,
        }
    }

    /// The word in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Touch => "touch",
            Self::Pin => "pin",
        }
    }
}

/// A public key that may sign: ed25519, ecdsa, RSA of 3072 to 4096 bits, and security keys of the first two.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) key: ssh_key::PublicKey,
}

impl PublicKey {
    /// Reads `TYPE BASE64` without a comment. Errors say what is wrong, as the end of a sentence about the key.
    pub fn parse(kind: &str, base64: &str) -> Result<Self, String> {
        if kind.contains("-cert-") {
            return Err("is a certificate; only plain keys may sign".into());
        }
        let text = format!("{kind} {base64}");
        let key = ssh_key::PublicKey::from_openssh(&text).map_err(|error| format!("is not a public key: {error}"))?;
        if key.to_openssh().ok().as_deref().map(str::trim_end) != Some(text.as_str()) {
            return Err("is not in its one canonical spelling".into());
        }
        strong(key.key_data())?;
        Ok(Self { key })
    }

    /// `SHA256:…` as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The algorithm's name in OpenSSH, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> String {
        self.key.algorithm().to_string()
    }

    /// Whether it lives in a FIDO security key, which says of each signature whether somebody touched it. That the key is
    /// real hardware no signature proves.
    pub fn is_security_key(&self) -> bool {
        matches!(self.key.key_data(), KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
    }

    /// The bytes that belong to one private key, whatever type the line claims: one key under two names is found by them.
    pub(super) fn material(&self) -> Vec<u8> {
        match self.key.key_data() {
            KeyData::Ed25519(key) => key.as_ref().to_vec(),
            KeyData::SkEd25519(key) => key.public_key().as_ref().to_vec(),
            KeyData::Ecdsa(key) => key.as_sec1_bytes().to_vec(),
            KeyData::SkEcdsaSha2NistP256(key) => key.ec_point().as_bytes().to_vec(),
            KeyData::Rsa(key) => key.n.as_positive_bytes().unwrap_or_default().to_vec(),
            _ => self.key.to_bytes().unwrap_or_default(),
        }
    }
}

/// `TYPE BASE64`, as in a `.pub` file.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key.to_openssh().unwrap_or_default().trim_end())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

fn strong(key: &KeyData) -> Result<(), String> {
    let curve_point = |bytes: &[u8; 32]| match ed25519_dalek::VerifyingKey::from_bytes(bytes) {
        // Under a key of small order one signature fits many messages.
        Ok(point) if point.is_weak() => Err("is a weak ed25519 key".to_owned()),
        Ok(_) => Ok(()),
        Err(_) => Err("is not a point of its curve".to_owned()),
    };
    match key {
        KeyData::Ed25519(key) => curve_point(key.as_ref()),
        KeyData::SkEd25519(key) => curve_point(key.public_key().as_ref()),
        KeyData::Ecdsa(key) => match key.curve() {
            EcdsaCurve::NistP256 | EcdsaCurve::NistP384 | EcdsaCurve::NistP521 => Ok(()),
        },
        KeyData::SkEcdsaSha2NistP256(_) => Ok(()),
        KeyData::Rsa(key) => {
            let modulus = key.n.as_positive_bytes().unwrap_or_default();
            let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
            if (RSA_LEAST..=RSA_MOST).contains(&bits) {
                Ok(())
            } else {
                Err(format!("is an RSA key of {bits} bits; {RSA_LEAST} to {RSA_MOST} are accepted"))
            }
        }
        _ => {
            Err("has an algorithm that is not accepted: use ed25519, ecdsa, RSA or a security key of the first two"
                .into())
        }
    }
}
