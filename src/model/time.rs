//! Points in time as they stand in files: UTC, one spelling, for display and never for ordering.

use std::fmt;

use serde::Deserialize;

use super::name::NameError;

/// `YYYY-MM-DDTHH:MM:SSZ`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Timestamp(String);

impl Timestamp {
    /// Reads exactly that spelling of an existing second.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let error = || NameError::new("time", text, "`YYYY-MM-DDTHH:MM:SSZ` in UTC");
        let time: jiff::Timestamp = text.parse().map_err(|_| error())?;
        if text.len() != 20 || time.to_string() != text {
            return Err(error());
        }
        Ok(Self(text.to_owned()))
    }

    /// From seconds since 1970; clamped to the years that the spelling can hold.
    pub fn from_seconds(seconds: i64) -> Self {
        let clamped = seconds.clamp(0, 253_402_207_200);
        Self(jiff::Timestamp::from_second(clamped).unwrap_or_default().to_string())
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.0.parse::<jiff::Timestamp>().map_or(0, |time| time.as_second())
    }

    /// The day in UTC.
    pub fn date(&self) -> Date {
        Date(self.0[..10].to_owned())
    }

    /// The time as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `YYYY-MM-DD`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Date(String);

impl Date {
    /// Reads exactly that spelling of an existing day.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let error = || NameError::new("date", text, "`YYYY-MM-DD`");
        let date: jiff::civil::Date = text.parse().map_err(|_| error())?;
        if text.len() != 10 || date.to_string() != text {
            return Err(error());
        }
        Ok(Self(text.to_owned()))
    }

    /// The date as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The year, four digits.
    pub fn year(&self) -> &str {
        &self.0[..4]
    }

    /// The month, two digits.
    pub fn month(&self) -> &str {
        &self.0[5..7]
    }
}

macro_rules! text_type {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text_type!(Timestamp);
text_type!(Date);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert!(Timestamp::parse("2026-11-21T07:00:00Z").is_ok());
        for text in ["2026-11-21T07:00:00+00:00", "2026-11-21T07:00:00.0Z", "2026-13-01T00:00:00Z", "2026-11-21", ""] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        assert_eq!(Timestamp::from_seconds(0).as_str(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_seconds(i64::MAX).as_str().len(), 20);
        assert!(Date::parse("2026-02-30").is_err());
        assert!(Date::parse("-002026-11-21").is_err() && Date::parse("+002026-11-21").is_err());
        assert!(Date::parse("2026-11-21").is_ok_and(|date| date.year() == "2026" && date.month() == "11"));
    }
}
