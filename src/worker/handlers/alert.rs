//! How often trouble with a program is told: once loudly, then only as going on, until it succeeds again.

/// The trouble of one program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    failures: u32,
}

/// What is told of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Nothing: it succeeds as before.
    Nothing,
    /// It failed for the first time.
    Begins,
    /// It failed again: so often in a row.
    Continues(u32),
    /// It succeeds again.
    Over,
}

impl Alert {
    /// Takes note of a run.
    pub fn note(&mut self, success: bool) -> Telling {
        let before = self.failures;
        self.failures = if success { 0 } else { before.saturating_add(1) };
        match (before, success) {
            (0, true) => Telling::Nothing,
            (0, false) => Telling::Begins,
            (_, true) => Telling::Over,
            (_, false) => Telling::Continues(self.failures),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_once_until_a_success() {
        let mut alert = Alert::default();
        let told = [true, false, false, false, true, true, false].map(|success| alert.note(success));

        let expected = [
            Telling::Nothing,
            Telling::Begins,
            Telling::Continues(2),
            Telling::Continues(3),
            Telling::Over,
            Telling::Nothing,
            Telling::Begins,
        ];
        assert_eq!(told, expected);
    }
}
