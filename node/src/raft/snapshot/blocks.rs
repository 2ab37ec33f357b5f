//! The form of a snapshot file: blocks with checksums, and an end that a cut file has not.
//!
//! ```text
//! file    magic (8) | block 0: header | blocks 1..n: image | block n+1: empty
//! block   length (4) | checksum of number and octets (4) | octets
//! ```
//!
//! Numbers are little-endian. The checksum covers the block's number, so that no block passes for another and zeros
//! pass for none.

use std::io::{self, Read, Write};

/// What a snapshot file begins with.
pub(super) const MAGIC: &[u8; 8] = b"smssnap\x01";
/// Most octets in a block.
pub(super) const BLOCK_OCTETS_MAX: usize = 1 << 20;
/// Octets of a block before its content.
pub(super) const PREFIX_OCTETS: usize = 8;

/// Writes octets as blocks.
pub(super) struct BlockWriter<W> {
    out: W,
    number: u32,
    buffer: Vec<u8>,
}

/// Reads the octets of blocks back, each checked before any of it shows.
pub(super) struct BlockReader<R> {
    input: R,
    number: u32,
    block: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<W: Write> BlockWriter<W> {
    /// Writes the magic and the header.
    pub(super) fn begin(mut out: W, header: &[u8]) -> io::Result<BlockWriter<W>> {
        out.write_all(MAGIC)?;
        let mut writer = BlockWriter { out, number: 0, buffer: Vec::new() };
        writer.put(header)?;
        Ok(writer)
    }

    /// Writes what is left and the end.
    pub(super) fn end(mut self) -> io::Result<W> {
        self.flush_buffer()?;
        self.put(&[])?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty() {
            self.put(&buffer)?;
        }
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }

    fn put(&mut self, octets: &[u8]) -> io::Result<()> {
        self.out.write_all(&prefix(self.number, octets))?;
        self.out.write_all(octets)?;
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for BlockWriter<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let room = BLOCK_OCTETS_MAX - self.buffer.len();
        let taken = octets.get(..room).unwrap_or(octets);
        self.buffer.extend_from_slice(taken);
        if self.buffer.len() == BLOCK_OCTETS_MAX {
            self.flush_buffer()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<R: Read> BlockReader<R> {
    /// Reads the magic and the header.
    pub(super) fn begin(mut input: R) -> io::Result<(BlockReader<R>, Vec<u8>)> {
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Err(damaged("it does not begin as a snapshot"));
        }
        let mut reader = BlockReader { input, number: 0, block: Vec::new(), at: 0, ended: false };
        reader.next_block()?;
        reader.ended = false;
        let header = std::mem::take(&mut reader.block);
        Ok((reader, header))
    }

    fn next_block(&mut self) -> io::Result<()> {
        let mut prefix = [0; PREFIX_OCTETS];
        self.input.read_exact(&mut prefix)?;
        let length = length(prefix)?;
        self.block.resize(length, 0);
        self.input.read_exact(&mut self.block)?;
        check(self.number, prefix, &self.block)?;
        (self.at, self.ended) = (0, length == 0);
        self.number += 1;
        Ok(())
    }
}

impl<R: Read> Read for BlockReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() && !self.ended {
            self.next_block()?;
        }
        let left = self.block.get(self.at..).unwrap_or_default();
        let octets = left.len().min(out.len());
        for (to, from) in out.iter_mut().zip(left) {
            *to = *from;
        }
        self.at += octets;
        Ok(octets)
    }
}

/// Length and checksum of a block.
pub(super) fn prefix(number: u32, octets: &[u8]) -> [u8; PREFIX_OCTETS] {
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checksum = checksum(number, octets).to_le_bytes();
    let [a, b, c, d] = length;
    let [e, f, g, h] = checksum;
    [a, b, c, d, e, f, g, h]
}

/// The length a prefix promises.
pub(super) fn length(prefix: [u8; PREFIX_OCTETS]) -> io::Result<usize> {
    let [a, b, c, d, ..] = prefix;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    (length <= BLOCK_OCTETS_MAX).then_some(length).ok_or_else(|| damaged("a block is too long"))
}

/// Whether the block is the one the prefix was written for.
pub(super) fn check(number: u32, prefix_read: [u8; PREFIX_OCTETS], octets: &[u8]) -> io::Result<()> {
    let is_sound = prefix(number, octets) == prefix_read;
    is_sound.then_some(()).ok_or_else(|| damaged("the checksum of a block is wrong"))
}

fn checksum(number: u32, octets: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(octets);
    hasher.finalize()
}

pub(super) fn damaged(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_whatever_its_length() {
        for length in
            [0, 1, BLOCK_OCTETS_MAX - 1, BLOCK_OCTETS_MAX, BLOCK_OCTETS_MAX + 1, 3 * BLOCK_OCTETS_MAX]
        {
            let image: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
            let file = written(&image);
            let (mut reader, header) = BlockReader::begin(&*file).expect("a file");

            let mut read = Vec::new();
            reader.read_to_end(&mut read).expect("sound");
            assert_eq!(header, b"header");
            assert!(read == image, "{length}");
        }
    }

    #[test]
    fn a_cut_file_and_a_flipped_bit_are_seen() {
        let file = written(b"some image");
        for end in 0..file.len() {
            assert!(read(&file[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..file.len() * 8 {
            let mut file = file.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&file).is_err(), "bit {bit}");
        }
        let mut zeros = file[..file.len() - PREFIX_OCTETS].to_vec();
        zeros.extend([0; 64]);
        assert!(read(&zeros).is_err(), "zeros are no end");
    }

    fn written(image: &[u8]) -> Vec<u8> {
        let mut writer = BlockWriter::begin(Vec::new(), b"header").expect("memory");
        writer.write_all(image).expect("memory");
        writer.end().expect("memory")
    }

    fn read(file: &[u8]) -> io::Result<Vec<u8>> {
        let (mut reader, _) = BlockReader::begin(file)?;
        let mut image = Vec::new();
        reader.read_to_end(&mut image)?;
        Ok(image)
    }
}
