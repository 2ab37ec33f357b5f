//! What became of a file, as lines that can be compared: moments and numbers that depend on the run are masked.

use smsgrid_tests::ledger::Entry;

/// Headers that tell a moment, those of the language file too.
const MOMENTS: [&str; 4] = ["Sent: ", "Failed: ", "Versandt am: ", "Gescheitert: "];
/// What a moment looks like; `0` stands for a digit.
const MOMENT: &str = "00-00-00 00:00:00";

/// What became of one file.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The folder it stands in.
    pub(crate) folder: String,
    /// Its name, when it has another one now.
    pub(crate) renamed: Option<String>,
    /// Its content.
    pub(crate) octets: Vec<u8>,
    /// What the network took meanwhile.
    pub(crate) parts: Vec<Entry>,
}

impl Outcome {
    /// Folder, headers, body and PDUs, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("folder {}", self.folder)];
        lines.extend(self.renamed.iter().map(|name| format!("name {}", masked_name(name))));
        let (head, body) = taken_apart(&self.octets);
        lines.extend(head.iter().map(|line| format!("header {}", self.masked(&printable(line)))));
        lines.push(format!("body {}", printable(body)));
        lines.extend(self.parts.iter().map(taken));
        lines
    }

    fn masked(&self, line: &str) -> String {
        let moment = MOMENTS.into_iter().find_map(|name| Some((name, line.strip_prefix(name)?)));
        match moment {
            Some((name, value)) if is_moment(value) => return format!("{name}<moment>"),
            Some(_) | None => {}
        }
        if let Some(value) = line.strip_prefix("Sending_time: ") {
            let is_number = !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit());
            return if is_number { "Sending_time: <seconds>".to_owned() } else { line.to_owned() };
        }
        if let Some(value) = line.strip_prefix("Message_id: ") {
            return format!("Message_id: {}", self.references(value));
        }
        line.strip_prefix("PDU: ").map_or_else(|| line.to_owned(), |pdu| format!("PDU: {}", masked_pdu(pdu)))
    }

    /// The network's references, each as the part it names.
    fn references(&self, value: &str) -> String {
        let part = |word: &str| {
            let named = |part: &Entry| part.message_reference.to_string() == word;
            self.parts
                .iter()
                .position(named)
                .map_or_else(|| word.to_owned(), |at| format!("<part {}>", at + 1))
        };
        value.split(' ').map(part).collect::<Vec<_>>().join(" ")
    }
}

/// The part of a name that is made anew each time is masked.
fn masked_name(name: &str) -> String {
    let made = name.split_once('.').filter(|(_, rest)| {
        let (made, behind) = rest.split_at(rest.len().min(6));
        made.len() == 6
            && made.bytes().all(|octet| octet.is_ascii_alphanumeric())
            && (behind.is_empty() || behind.starts_with('-'))
    });
    made.map_or_else(|| name.to_owned(), |(title, rest)| format!("{title}.<made>{}", &rest[6..]))
}

/// What the network took: a PDU, or a call with the tones that were heard.
fn taken(entry: &Entry) -> String {
    match &entry.call {
        None => format!("pdu {}", masked_pdu(&entry.pdu)),
        Some(call) => {
            let answered = if call.answered { "answered" } else { "not answered" };
            format!("call {} {answered}, tones {}", entry.destination, call.tones.join(" "))
        }
    }
}

/// Header lines and the body behind the first empty line.
fn taken_apart(octets: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut head = Vec::new();
    let mut rest = octets;
    while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        if line.trim_ascii().is_empty() {
            return (head, rest);
        }
        head.push(line);
    }
    head.push(rest);
    (head, &[])
}

/// The reference that joins the parts of a message is each daemon's own: it is masked, the rest of the PDU is not.
fn masked_pdu(pdu: &str) -> String {
    // Before 26 digits stand the service centre, the destination and the other fields of the head.
    let elements = (26..pdu.len()).step_by(2).filter(|at| pdu.get(*at..*at + 4) == Some("0003"));
    let joins = |at: &usize| is_numbered(pdu, *at) || pdu.get(*at - 2..*at) == Some("05");
    match elements.into_iter().find(joins) {
        Some(at) => format!("{}..{}", &pdu[..at + 4], pdu.get(at + 6..).unwrap_or_default()),
        None => pdu.to_owned(),
    }
}

/// Whether the element at `at` has the number of a part and of all parts.
fn is_numbered(pdu: &str, at: usize) -> bool {
    let octet = |at: usize| u8::from_str_radix(pdu.get(at..at + 2)?, 16).ok();
    let numbers = octet(at + 6).zip(octet(at + 8));
    numbers.is_some_and(|(total, number)| total > 1 && (1..=total).contains(&number))
}

fn is_moment(value: &str) -> bool {
    let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == MOMENT
}

/// Octets as text that shows each of them.
fn printable(octets: &[u8]) -> String {
    octets.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"")
}
