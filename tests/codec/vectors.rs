//! PDUs with what they say, from the files of `data/`.
//!
//! A vector is a block of lines: `name`, `pdu`, then every line of its rendering or `error` alone. `canonical: no`
//! marks a PDU that is not in the standard's own form and so encodes to another one.

use std::fs;
use std::path::Path;

use smsgrid::pdu;

use super::render;

#[test]
fn submits_say_what_the_vectors_say() {
    check("submit.txt", 15);
}

#[test]
fn delivers_say_what_the_vectors_say() {
    check("deliver.txt", 24);
}

#[test]
fn status_reports_say_what_the_vectors_say() {
    check("status_report.txt", 7);
}

#[test]
fn faults_name_their_octet() {
    check("faults.txt", 29);
}

struct Vector {
    name: String,
    pdu: String,
    is_canonical: bool,
    expected: Vec<String>,
}

fn check(file: &str, at_least: usize) {
    let vectors = read(file);
    assert!(vectors.len() >= at_least, "{file} has only {} vectors", vectors.len());
    for vector in vectors {
        let decoded = pdu::read(&vector.pdu);
        let said = match &decoded {
            Ok(pdu) => render::lines(pdu),
            Err(error) => vec![format!("error: {error}")],
        };
        assert_eq!(said, vector.expected, "{file}, {}:\n{}", vector.name, said.join("\n"));
        if let Ok(pdu) = decoded {
            let again = pdu.to_hex().expect("what was decoded can be encoded");
            assert_eq!(again == vector.pdu, vector.is_canonical, "{file}, {}: {again}", vector.name);
        }
    }
}

fn read(file: &str) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("codec/data").join(file);
    let text = fs::read_to_string(path).expect("the file of vectors");
    let blocks = text.split("\n\n").map(|block| block.lines().filter(|line| !line.starts_with('#')));
    blocks
        .map(Iterator::collect)
        .filter(|lines: &Vec<&str>| !lines.is_empty())
        .map(|lines| vector(&lines))
        .collect()
}

fn vector(lines: &[&str]) -> Vector {
    let of = |field: &str| lines.iter().find_map(|line| line.strip_prefix(field));
    let own = ["name: ", "pdu:", "canonical: "];
    let expected = lines.iter().filter(|line| !own.iter().any(|field| line.starts_with(field)));
    Vector {
        name: of("name: ").expect("a vector has a name").to_owned(),
        pdu: of("pdu:").expect("a vector has a PDU").replace(' ', ""),
        is_canonical: of("canonical: ").is_none(),
        expected: expected.map(|line| (*line).to_owned()).collect(),
    }
}
