//! A cursor over received octets that never reads past their end.

use super::{DecodeError, DecodeErrorKind};

/// What is left to read, and where it stands.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Reader<'a> {
        Reader { rest: octets, at: 0 }
    }

    /// Index of the next octet.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// How many octets are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next octet.
    pub(super) fn octet(&mut self) -> Result<u8, DecodeError> {
        let [octet] = self.array()?;
        Ok(octet)
    }

    /// The next `N` octets.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else { return Err(self.truncated(N)) };
        self.rest = rest;
        self.at += N;
        Ok(*head)
    }

    /// The next `octets` octets.
    pub(super) fn take(&mut self, octets: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(octets) else {
            return Err(self.truncated(octets));
        };
        self.rest = rest;
        self.at += octets;
        Ok(head)
    }

    /// Everything left.
    pub(super) fn remaining(&mut self) -> &'a [u8] {
        self.at += self.rest.len();
        std::mem::take(&mut self.rest)
    }

    /// Refuses octets that are left.
    pub(super) fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DecodeError::new(self.at, DecodeErrorKind::Trailing { left })),
        }
    }

    fn truncated(&self, promised: usize) -> DecodeError {
        DecodeError::new(self.at, DecodeErrorKind::Truncated { promised, left: self.rest.len() })
    }
}
