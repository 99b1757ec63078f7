//! Fingerprints of notes: no run of their words leaves the house unasked, however it was wrapped, quoted or spaced.
//!
//! A text is its words, folded; each run of a few of them is one hash (a shingle). A short note is one shingle, whole.

use ring::digest::{SHA256, digest};

use crate::desk::case::Case;
use crate::desk::commands::plain::fold;
use crate::model::{Direction, MessageNo, TicketNo};
use crate::plan::{Change, KnownAsk, Matter};

/// So many words in a row tell one text from another; what people say in five words, many say.
const RUN: usize = 6;
/// A note of fewer words says nothing that could be told from chance.
const FEWEST: usize = 3;
/// So many words of one text are looked at.
const WORDS_AT_MOST: usize = 4000;

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    split.take(WORDS_AT_MOST).map(fold).collect()
}

fn shingle(words: &[String]) -> i64 {
    let hash = digest(&SHA256, words.join(" ").as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&hash.as_ref()[..8]);
    i64::from_be_bytes(head)
}

/// What is remembered of a note.
#[must_use]
pub fn of_note(text: &str) -> Vec<i64> {
    let words = words(text);
    let mut all: Vec<i64> = if words.len() < FEWEST {
        Vec::new()
    } else if words.len() <= RUN {
        vec![shingle(&words)]
    } else {
        words.windows(RUN).map(shingle).collect()
    };
    all.sort_unstable();
    all.dedup();
    all
}

/// What is asked about a text on its way out: all its runs that a note may have.
#[must_use]
pub fn of_outgoing(text: &str) -> Vec<i64> {
    let words = words(text);
    let mut all: Vec<i64> = (FEWEST..=RUN).flat_map(|n| words.windows(n).map(shingle).collect::<Vec<_>>()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The words of `text` that are one of `known`, as they stand there folded.
#[must_use]
pub fn found_in(text: &str, known: &dyn Fn(i64) -> bool) -> Option<String> {
    let words = words(text);
    let at = (FEWEST..=RUN).rev().find_map(|n| words.windows(n).find(|run| known(shingle(run))));
    at.map(|run| run.join(" "))
}

/// The runs of words of everything that `changes` would send to somebody outside, for `Findings::noted`.
#[must_use]
pub fn outgoing(changes: &[Change]) -> Vec<i64> {
    let mut all = Vec::new();
    for change in changes {
        match change {
            Change::AddMessage(message)
                if matches!(message.direction, Direction::Out | Direction::Auto) && !message.accepted =>
            {
                all.extend(of_outgoing(&message.new_text));
            }
            // What is held for another reason is shown with this one, too.
            Change::NewAsk(KnownAsk { matter: Matter::Answer(held), .. }) => all.extend(of_outgoing(&held.text)),
            _ => {}
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

impl Case<'_> {
    /// Remembers a note's words.
    pub fn fingerprint(&mut self, message: MessageNo, text: &str) {
        let shingles = of_note(text);
        if !shingles.is_empty() {
            self.change(Change::Fingerprint { message, shingles });
        }
    }

    /// Words of a note in a text that is about to leave for the customer of `ticket`. What she has written herself is no secret to
    /// her, and a short note counts on its own ticket alone.
    #[must_use]
    pub fn noted_words(&self, ticket: TicketNo, text: &str) -> Option<String> {
        if self.found.noted.is_empty() {
            return None;
        }
        let of_customer: Vec<i64> = self
            .found
            .said
            .values()
            .filter(|s| s.direction == Direction::In && s.ticket == ticket)
            .flat_map(|s| of_outgoing(&s.text))
            .collect();
        let known = |hash: i64| self.found.noted.iter().any(|n| n.shingle == hash) && !of_customer.contains(&hash);
        let own = |hash: i64| known(hash) && self.found.noted.iter().any(|n| n.shingle == hash && n.ticket == ticket);
        let words = words(text);
        let long = words.windows(RUN).find(|run| known(shingle(run))).map(|run| run.join(" "));
        long.or_else(|| found_in(text, &own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(note: &str, text: &str) -> bool {
        let note = of_note(note);
        of_outgoing(text).iter().any(|s| note.contains(s))
    }

    #[test]
    fn a_note_is_known_however_it_is_written() {
        let note = "Hon ljuger, paketet är kvitterat av henne själv i fredags.";
        for text in [
            note,
            "Hej!\n\n> Hon ljuger, paketet är\n> kvitterat av henne själv\n> i fredags.",
            "hon  LJUGER paketet\u{a0}är kvitterat av henne",
            "Från: Anna\n| Hon ljuger, paketet är kvitterat av henne själv i fredags. Mvh",
            "Hon ljuger — paketet är *kvitterat* av henne",
        ] {
            assert!(hit(note, text), "{text}");
        }
        for text in ["", "Hej, paketet är kvitterat i fredags.", "Hon ljuger", "av henne själv i"] {
            assert!(!hit(note, text), "{text}");
        }
        assert!(hit("Betalar aldrig sina räkningar", "Obs: betalar aldrig\nsina räkningar!"));
        assert!(!hit("Ok då", "Ok då"));
    }

    #[test]
    fn the_words_are_shown() {
        let note = of_note("Chefen vill inte betala mer än hundra kronor för den.");
        let known = |s: i64| note.contains(&s);
        let text = "Hej Eva!\nChefen vill inte betala mer än hundra.";
        assert_eq!(found_in(text, &known).as_deref(), Some("chefen vill inte betala mer an"));
        assert_eq!(found_in("Hej Eva!", &known), None);
    }
}
