//! `Macro:`: names in a body and what is written instead of them.

use super::{BODY_OCTETS_MAX, Rejection};

/// Most macros of one file. Each is looked for in the whole body.
const MACROS_MAX: usize = 500;

/// The macros of a file in the order they are carried out.
#[derive(Debug, Default)]
pub(super) struct Macros(Vec<Macro>);

#[derive(Debug)]
struct Macro {
    name: Vec<u8>,
    replacement: Vec<u8>,
}

impl Macros {
    /// Takes up the value of a `Macro:` header, `NAME=replacement`; one without a name says nothing. A name that is
    /// given again has its last replacement, in its last place.
    pub(super) fn add(&mut self, value: &[u8]) -> Result<(), Rejection> {
        let Some(at) = value.iter().position(|octet| *octet == b'=').filter(|at| *at > 0) else {
            return Ok(());
        };
        let (name, replacement) = value.split_at(at);
        let replacement = replacement.iter().skip(1).copied().filter(|octet| !octet.is_ascii_control());
        self.0.retain(|other| other.name != name);
        if self.0.len() == MACROS_MAX {
            return Err(Rejection::TooManyMacros { limit: MACROS_MAX });
        }
        self.0.push(Macro { name: name.to_vec(), replacement: replacement.collect() });
        Ok(())
    }

    /// The text with every macro carried out, one after the other: a later one sees what the earlier wrote.
    pub(super) fn expand(&self, text: &[u8]) -> Result<Vec<u8>, Rejection> {
        let mut text = text.to_vec();
        for entry in &self.0 {
            text = entry.replace(&text)?;
        }
        Ok(text)
    }
}

impl Macro {
    fn replace(&self, text: &[u8]) -> Result<Vec<u8>, Rejection> {
        let mut written = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((first, after)) = rest.split_first() {
            if let Some(behind) = rest.strip_prefix(self.name.as_slice()) {
                written.extend_from_slice(&self.replacement);
                rest = behind;
            } else {
                written.push(*first);
                rest = after;
            }
            if written.len() > BODY_OCTETS_MAX {
                return Err(Rejection::TooLongText);
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_one_macro_after_the_other() {
        let table: [(&[&str], &str, &str); 8] = [
            (&["NAME=World"], "Hello NAME, NAME!", "Hello World, World!"),
            (&["A=B", "B=C"], "A B", "C C"),
            (&["B=C", "A=B"], "A B", "B C"),
            (&["AA=AAA"], "xAAy", "xAAAy"),
            (&["a=1", "b=a", "a=2"], "a b", "2 2"),
            (&["N=", "", "N", "=x", "="], "aN=", "a="),
            (&["NAME =x\ty"], "NAME NAME", "xyNAME"),
            (&["A=b=c"], "A", "b=c"),
        ];
        for (headers, text, expected) in table {
            let macros = of(headers).expect("not too many");
            assert_eq!(macros.expand(text.as_bytes()), Ok(expected.as_bytes().to_vec()), "{headers:?}");
        }
    }

    #[test]
    fn neither_macros_nor_what_they_write_grow_without_bound() {
        let long = format!("x={}", "y".repeat(500));
        let macros = of(&[&long]).expect("not too many");
        assert_eq!(macros.expand(&[b'x'; 100]), Err(Rejection::TooLongText));

        let names: Vec<String> = (0..=MACROS_MAX).map(|number| format!("{number}=")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(of(&names).expect_err("one too many").to_string(), "More than 500 Macro: headers");
    }

    fn of(headers: &[&str]) -> Result<Macros, Rejection> {
        let mut macros = Macros::default();
        for header in headers {
            macros.add(header.as_bytes())?;
        }
        Ok(macros)
    }
}
