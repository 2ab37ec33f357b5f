//! Images taken apart and put together again, with checksums that are right whatever is in them.

use smsgrid::queue::Queue;

/// Octets of an image before its first frame.
const HEADER: usize = 5;
/// Kinds of frames.
pub(crate) const HEAD: u8 = 1;
pub(crate) const MESSAGE: u8 = 3;

/// One frame: its kind and its body.
pub(crate) type Frame = (u8, Vec<u8>);

pub(crate) fn written(queue: &Queue) -> Vec<u8> {
    let mut octets = Vec::new();
    queue.image().write(&mut octets).expect("a vector takes all octets");
    octets
}

pub(crate) fn take_apart(image: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = &image[HEADER..];
    while let [kind, a, b, c, d, tail @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        frames.push((*kind, tail[..length].to_vec()));
        rest = &tail[length + 4..];
    }
    frames
}

pub(crate) fn put_together(frames: &[Frame]) -> Vec<u8> {
    let mut image = b"SMSQ\x01".to_vec();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&image);
    for (kind, body) in frames {
        let mut frame = vec![*kind];
        frame.extend((body.len() as u32).to_be_bytes());
        frame.extend(body);
        crc.update(&frame);
        image.extend(frame);
        image.extend(crc.clone().finalize().to_be_bytes());
    }
    image
}
