//! A text that nobody may see: a PIN. It is masked wherever it is printed, and one word reveals it.

use std::fmt;

/// A secret. `Display` and `Debug` mask it; [`Secret::reveal`] is the one way to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` as a secret.
    pub fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The secret, for the modem it belongs to.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    /// Always the same width: the length is part of the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[test]
fn a_secret_shows_neither_itself_nor_its_length() {
    assert_eq!(format!("{} {:?}", Secret::new("1234"), Secret::new("87654321")), "******** ********");
}
