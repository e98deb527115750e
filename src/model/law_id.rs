//! The laws' names and levels.

use std::fmt;

use serde::Deserialize;

use super::name::NameError;

/// How a violation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not checked. Only laws that [`LawId::may_be_off`] allow it.
    Off,
    /// Printed; does not fail.
    Warn,
    /// Fails the step.
    Error,
}

macro_rules! laws {
    ($($variant:ident $text:literal $level:ident,)*) => {
        /// A rule with an id; `agentops explain ID` tells it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        #[expect(missing_docs, reason = "each law's own file under src/law documents it")]
        pub enum LawId { $($variant,)* }

        impl LawId {
            /// Every law, in the order of the table in the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The id as people write it, e.g. `AO-L1`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The level where the config says nothing.
            pub fn default_level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }
        }
    };
}

laws! {
    L1 "AO-L1" Error,
    L2 "AO-L2" Error,
    L3 "AO-L3" Error,
    L4 "AO-L4" Error,
    L5 "AO-L5" Error,
    R1 "AO-R1" Error,
    R2 "AO-R2" Error,
    R3 "AO-R3" Error,
    N1 "AO-N1" Error,
    N2 "AO-N2" Warn,
    E1 "AO-E1" Error,
    E2 "AO-E2" Error,
    E3 "AO-E3" Error,
    E4 "AO-E4" Error,
    E5 "AO-E5" Error,
    E6 "AO-E6" Error,
    E7 "AO-E7" Error,
    E8 "AO-E8" Error,
    E9 "AO-E9" Error,
    E10 "AO-E10" Error,
    P1 "AO-P1" Error,
    P2 "AO-P2" Error,
    P3 "AO-P3" Error,
    P4 "AO-P4" Error,
    P5 "AO-P5" Error,
    P6 "AO-P6" Error,
    P7 "AO-P7" Error,
    P8 "AO-P8" Error,
    P9 "AO-P9" Error,
    G1 "AO-G1" Error,
    G2 "AO-G2" Error,
    G3 "AO-G3" Error,
    G4 "AO-G4" Error,
    G5 "AO-G5" Error,
    V1 "AO-V1" Error,
    S1 "AO-S1" Error,
    Y1 "AO-Y1" Error,
    B1 "AO-B1" Error,
    T1 "AO-T1" Error,
}

impl LawId {
    /// Reads an id, in any case.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::ALL
            .iter()
            .copied()
            .find(|law| law.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| NameError::new("law id", text, "an id such as `AO-L1`; `agentops explain` lists all"))
    }

    /// The edition of the laws that it came with; a repository under an earlier one is not judged by it.
    pub fn edition(self) -> u32 {
        match self {
            Self::E10 | Self::P9 | Self::V1 | Self::S1 => 2,
            _ => 1,
        }
    }

    /// Whether a config may switch the law off: only R, Y and B.
    pub fn may_be_off(self) -> bool {
        matches!(self, Self::R1 | Self::R2 | Self::R3 | Self::Y1 | Self::B1)
    }

    /// Whether a config may lower it to a warning. Integrity, phase checks, governance and verdicts are not a matter of taste.
    pub fn may_be_warn(self) -> bool {
        !matches!(self.as_str().as_bytes()[3], b'E' | b'P' | b'G' | b'V')
    }

    /// Whether `Agentops-Waive:` in a commit message can excuse what that commit breaks of it.
    pub fn may_be_waived(self) -> bool {
        matches!(self, Self::L1 | Self::L2 | Self::L3 | Self::R2 | Self::R3 | Self::Y1 | Self::B1)
    }
}

impl TryFrom<String> for LawId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl fmt::Display for LawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for LawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_laws_can_never_be_off() {
        for law in LawId::ALL {
            assert_eq!(law.may_be_off(), matches!(law.as_str().as_bytes()[3], b'R' | b'Y' | b'B'), "{law}");
            assert_eq!(LawId::parse(&law.as_str().to_lowercase()), Ok(*law));
        }
    }
}
