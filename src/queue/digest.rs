//! What makes two requests the same request.

use sha2::{Digest as _, Sha256};

use super::submit::{Digest, Submit};
use crate::model::{Address, Alphabet, Language, Name, Payload, UserData, ValidityPeriod};

/// Information elements of a concatenated message (TS 23.040 sections 9.2.3.24.1 and 9.2.3.24.8): identifier,
/// and how many octets of reference follow the length.
const CONCATENATION: [(u8, usize); 2] = [(0x00, 1), (0x08, 2)];

/// The digest of what the client asked for: destination, content, options, urgency, policies and route.
///
/// Left out is what the proposer adds and a repetition may not repeat: the message id, the concatenation
/// reference, and the moments it computed from spans (`not_before`, `deadline`).
pub fn digest(submit: &Submit) -> Digest {
    let mut fields = Fields(Sha256::new());
    let content = &submit.content;
    fields.address(&content.destination);
    fields.alphabet(content.alphabet);
    fields.number(content.parts.len() as u64);
    content.parts.iter().for_each(|part| fields.user_data(&part.user_data));
    fields.options(submit);
    fields.octets(&[submit.priority as u8, submit.uncertain as u8, submit.resend_limit.0]);
    fields.number(submit.attempts_max.map_or(0, |most| 1 + u64::from(most)));
    fields.name(submit.route.modem.as_ref());
    fields.number(submit.route.tags.len() as u64);
    submit.route.tags.iter().for_each(|tag| fields.name(Some(tag)));
    if let Some(call) = &content.call {
        fields.octets(call.tones.as_bytes());
        fields.octets(&[call.rounds]);
        fields.number(call.wait_seconds.map_or(0, u64::from));
    }
    fields.finish()
}

/// Fields of known length one after the other, so that no two requests give the same octets.
struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn octets(&mut self, octets: &[u8]) {
        self.number(octets.len() as u64);
        self.0.update(octets);
    }

    fn name(&mut self, name: Option<&Name>) {
        self.octets(name.map_or(&[], |name| name.as_str().as_bytes()));
    }

    fn address(&mut self, address: &Address) {
        self.octets(&[address.type_of_number().bits(), address.numbering_plan().bits()]);
        self.octets(address.reveal().as_bytes());
    }

    fn alphabet(&mut self, alphabet: Alphabet) {
        let table = |language: Option<Language>| language.map_or(0, Language::identifier);
        match alphabet {
            Alphabet::Gsm7 { locking, single } => self.octets(&[0, table(locking), table(single)]),
            Alphabet::Data8 => self.octets(&[1]),
            Alphabet::Ucs2 => self.octets(&[2]),
        }
    }

    fn user_data(&mut self, user_data: &UserData) {
        self.octets(&[user_data.data_coding]);
        self.octets(&without_reference(&user_data.header));
        let (kind, units) = match &user_data.payload {
            Payload::Septets(units) => (0, units),
            Payload::Octets(units) => (1, units),
        };
        self.number(kind);
        self.octets(units);
    }

    fn options(&mut self, submit: &Submit) {
        let options = &submit.content.options;
        let flags = [options.status_report, options.reject_duplicates, options.reply_path].map(u8::from);
        self.octets(&[options.protocol_identifier.0, options.message_reference]);
        self.octets(&flags);
        match options.validity_period {
            None => self.octets(&[]),
            Some(ValidityPeriod::Relative(octet)) => self.octets(&[1, octet]),
            Some(ValidityPeriod::Absolute(_)) => self.octets(&[2]),
            Some(ValidityPeriod::Enhanced(span)) => {
                self.octets(&[3]);
                self.number(span.as_secs());
            }
        }
        match &options.service_centre {
            None => self.octets(&[]),
            Some(address) => self.address(address),
        }
    }

    fn finish(self) -> Digest {
        let whole: [u8; 32] = self.0.finalize().into();
        let mut digest = [0; 16];
        digest.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        Digest(digest)
    }
}

/// The header with the references of concatenation blanked.
fn without_reference(header: &[u8]) -> Vec<u8> {
    let mut blanked = header.to_vec();
    let mut rest = blanked.as_mut_slice();
    while let [identifier, length, tail @ ..] = rest {
        let length = usize::from(*length).min(tail.len());
        let (element, after) = tail.split_at_mut(length);
        if let Some((_, octets)) = CONCATENATION.iter().find(|(known, _)| known == identifier) {
            element.iter_mut().take(*octets).for_each(|octet| *octet = 0);
        }
        rest = after;
    }
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reference_of_a_concatenation_is_blanked() {
        let eight_bit = [0x00, 3, 0xAB, 2, 1, 0x05, 4, 1, 2, 3, 4];
        let sixteen_bit = [0x08, 4, 0xAB, 0xCD, 2, 1];

        assert_eq!(without_reference(&eight_bit), [0x00, 3, 0, 2, 1, 0x05, 4, 1, 2, 3, 4]);
        assert_eq!(without_reference(&sixteen_bit), [0x08, 4, 0, 0, 2, 1]);
        assert_eq!(without_reference(&[0x00, 200, 7, 8]), [0x00, 200, 0, 8], "a length past the end");
        assert_eq!(without_reference(&[0x00]), [0x00]);
    }
}
