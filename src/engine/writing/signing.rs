//! Signing with a person's SSH key, by `ssh-keygen -Y sign`: files, agents and security keys all work as they do for git.
//!
//! Which key signs is not chosen here: it is the one that T's `allowed_signers` gives the principal, and only its private
//! half is looked for. What comes back is verified as the judge will, so a wrong program or key is found at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::model::name::Principal;
use crate::model::policy::{Policy, SIGNATURES_SINCE};
use crate::model::trust::{NAMESPACE, PublicKey, Signer};

const TOOL: &str = "ssh-keygen";

/// A key that can sign for one principal.
#[derive(Debug, Clone)]
pub struct SigningKey {
    signer: Signer,
    /// The private half's file, or none where only an agent can have it.
    file: Option<PathBuf>,
}

impl SigningKey {
    /// The key of `principal` in `policy`; its private half in the file `flag`, in what `user.signingKey` names, or beside
    /// a public key in `~/.ssh`; otherwise the agent is asked for it.
    pub(crate) fn find(
        site: &Site,
        policy: &Policy,
        principal: &Principal,
        flag: Option<&Path>,
    ) -> Result<Self, EngineError> {
        if policy.format.laws < SIGNATURES_SINCE {
            return Err(EngineError::refused(
                format!("edition {} of the laws rules here, and it verifies no signatures", policy.format.laws),
                "raise it with `agentops upgrade`, and land that first",
            ));
        }
        let Some(signer) = policy.signers.get(principal) else {
            return Err(EngineError::refused(
                format!("`{principal}` has no key in `.agentops/allowed_signers`"),
                format!(
                    "add the line `{principal} namespaces=\"{NAMESPACE}\" TYPE KEY` with what `ssh-keygen` wrote into the \
                     `.pub` file, then `agentops policy amend --reason \"…\"`, and land that first"
                ),
            ));
        };
        let mut places: Vec<PathBuf> = flag.map(Path::to_path_buf).into_iter().collect();
        if flag.is_none() {
            places.extend(configured(site));
            places.extend(in_home(site));
        }
        let file = places.iter().find_map(|place| private_half(place, &signer.key));
        match (flag, file) {
            (Some(flag), None) => Err(EngineError::refused(
                format!("`{}` is not the key of `{principal}`, {}", flag.display(), signer.key.fingerprint()),
                "name the file of that key, or leave `--key` away: your agent and `~/.ssh` are looked at",
            )),
            (_, file) => Ok(Self { signer: signer.clone(), file }),
        }
    }

    /// `SHA256:…` of the public half.
    pub fn fingerprint(&self) -> String {
        self.signer.key.fingerprint()
    }

    /// Why this key signs without anybody being asked, so that whoever runs as this user could vote; `None` where a
    /// passphrase, a touch or a PIN stands before it.
    pub fn answers_unasked(&self, site: &Site) -> Option<String> {
        if self.signer.key.is_security_key() {
            return None;
        }
        if site.env.has_ssh_agent() && self.is_in_agent() {
            return Some("the agent that holds it may sign without asking (`ssh-add -c` makes it ask, and a security key wants a touch)".into());
        }
        let file = self.file.as_ref()?;
        let opened = Command::new(TOOL)
            .args(["-y", "-P", "", "-f"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let unlocked = opened.is_ok_and(|status| status.success());
        unlocked.then(|| format!("`{}` has no passphrase (`ssh-keygen -p -f` gives it one)", file.display()))
    }

    fn is_in_agent(&self) -> bool {
        let listed = Command::new("ssh-add").arg("-L").stdin(Stdio::null()).stderr(Stdio::null()).output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        listed.lines().any(|line| public_key(line).is_some_and(|key| key == self.signer.key))
    }

    /// Signs `bytes`. Prompts for a passphrase or a touch reach the terminal.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<String, EngineError> {
        let failed = |what: String| {
            EngineError::refused(
                what,
                format!(
                    "the private half of {} is needed: `ssh-add` it, or name its file with `--key FILE`",
                    self.fingerprint()
                ),
            )
        };
        // Without a private file the public half goes into a file: `ssh-keygen` asks the agent for that key.
        let mut public = tempfile::Builder::new()
            .prefix("agentops-")
            .suffix(".pub")
            .tempfile()
            .map_err(|error| failed(format!("no temporary file could be made: {error}")))?;
        public
            .write_all(format!("{}\n", self.signer.key).as_bytes())
            .map_err(|error| failed(format!("a temporary file could not be written: {error}")))?;
        let file = self.file.as_deref().unwrap_or(public.path());
        let mut child = Command::new(TOOL)
            .args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => EngineError::MissingTool {
                    tool: TOOL.into(),
                    hint: "install OpenSSH 8.2 or newer (`openssh-client` on Debian); verifying needs it not".into(),
                },
                _ => failed(format!("`{TOOL}` cannot be started: {error}")),
            })?;
        if let Some(mut input) = child.stdin.take() {
            // A program that reads nothing has failed, and says so by its exit code.
            let _ = input.write_all(bytes);
        }
        let output = child.wait_with_output().map_err(|error| failed(format!("`{TOOL}` was lost: {error}")))?;
        if !output.status.success() {
            return Err(failed(format!("`{TOOL} -Y sign` did not sign ({})", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|_| failed(format!("`{TOOL}` wrote something that is no signature")))
    }
}

/// The public key in a line of a `.pub` file or of `ssh-add -L`: type, key, comment.
fn public_key(line: &str) -> Option<PublicKey> {
    let mut words = line.trim_end().splitn(3, ' ');
    PublicKey::parse(words.next()?, words.next()?).ok()
}

/// The public key that a person says they sign with: in the file `flag`, or as git is configured (`gpg.format = ssh` and
/// `user.signingKey`, a file or a key). `None` where nothing says so: a key that merely lies in `~/.ssh` is not taken.
pub(crate) fn proposed(site: &Site, flag: Option<&Path>) -> Result<Option<PublicKey>, EngineError> {
    if let Some(file) = flag {
        let found = public_half(file);
        return found.map(Some).ok_or_else(|| {
            EngineError::refused(
                format!("`{}` is not a public key that may sign, and there is none beside it", file.display()),
                "name a `.pub` file of type ed25519, ecdsa, RSA of 3072 to 4096 bits, or of a security key",
            )
        });
    }
    let ssh = site.repo.config_get("gpg.format").is_some_and(|format| format == "ssh");
    let literal = site.repo.config_get("user.signingKey").filter(|_| ssh);
    let literal = literal.and_then(|key| public_key(key.strip_prefix("key::").unwrap_or(&key)));
    Ok(literal.or_else(|| public_half(&configured(site)?)))
}

/// What git signs with, where that is an SSH key in a file.
fn configured(site: &Site) -> Option<PathBuf> {
    site.repo.config_get("gpg.format").filter(|format| format == "ssh")?;
    let key = site.repo.config_get("user.signingKey")?;
    let literal = key.starts_with("key::") || key.starts_with("ssh-") || key.starts_with("ecdsa-");
    match key.strip_prefix("~/") {
        Some(rest) => Some(site.env.home()?.join(rest)),
        None => Some(PathBuf::from(&key)).filter(|_| !literal),
    }
}

/// The public keys in `~/.ssh`, sorted by name.
fn in_home(site: &Site) -> Vec<PathBuf> {
    let folder = site.env.home().map(|home| home.join(".ssh"));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pub"))
        .collect();
    files.sort();
    files
}

/// The public key in the `.pub` file `place`, or in the one beside the private key `place`.
fn public_half(place: &Path) -> Option<PublicKey> {
    let mut public = private_file(place).into_os_string();
    public.push(".pub");
    public_key(std::fs::read_to_string(public).ok()?.lines().next()?)
}

/// The file of the private half of `key`, where `place` or the `.pub` file beside it holds the public one.
fn private_half(place: &Path, key: &PublicKey) -> Option<PathBuf> {
    let private = private_file(place);
    (public_half(place)? == *key && private.is_file()).then_some(private)
}

/// Where the private half lies of the key that `place` names, the one half or the other.
fn private_file(place: &Path) -> PathBuf {
    let is_public = place.extension().is_some_and(|extension| extension == "pub");
    if is_public { place.with_extension("") } else { place.to_path_buf() }
}
