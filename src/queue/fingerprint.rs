//! One number for a whole state, to see whether two replicas agree.

use std::convert::Infallible;

use cbor4ii::core::enc::Write;
use cbor4ii::serde::Serializer;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Queue;

impl Queue {
    /// A hash of the whole state. Equal states have equal hashes on every machine; its work grows with the state.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut serializer = Serializer::new(Hasher(Sha256::new()));
        self.serialize(&mut serializer).expect("every field says its length, and hashing cannot fail");
        serializer.into_inner().0.finalize().into()
    }
}

struct Hasher(Sha256);

impl Write for Hasher {
    type Error = Infallible;

    fn push(&mut self, octets: &[u8]) -> Result<(), Infallible> {
        self.0.update(octets);
        Ok(())
    }
}
