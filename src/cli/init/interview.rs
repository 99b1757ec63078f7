//! One question at a time: an option answers it, else a person, else the default; what is wrong is explained and asked anew.

use crate::cli::error::CommandError;

/// Whoever sits at the terminal.
pub trait Person {
    fn tell(&mut self, text: &str) -> Result<(), CommandError>;
    /// `None`: there is nobody, or he has had enough (end of file).
    fn ask(&mut self, question: &str) -> Result<Option<String>, CommandError>;
    /// Like `ask`, of what must not be seen.
    fn ask_unseen(&mut self, question: &str) -> Result<Option<String>, CommandError>;
    /// Whether questions can be asked at all.
    fn is_there(&self) -> bool;
}

/// A question with the option that answers it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub text: &'a str,
    pub option: &'a str,
    /// Taken for Enter, and where nobody can be asked.
    pub default: Option<&'a str>,
}

/// Says that Ctrl-D ends it, and that nothing has happened.
pub fn stopped() -> CommandError {
    CommandError::failed("stopped; nothing was written")
}

/// Asks until the answer can be read. `given` is the option's value.
pub fn answer<T>(
    person: &mut dyn Person,
    question: Question<'_>,
    given: Option<&str>,
    mut read: impl FnMut(&str) -> Result<T, String>,
) -> Result<T, CommandError> {
    if let Some(given) = given {
        return read(given).map_err(|why| CommandError::usage(format!("{}: {why}", question.option)));
    }
    if !person.is_there() {
        return match question.default {
            Some(default) => read(default).map_err(|why| CommandError::usage(format!("{}: {why}", question.option))),
            None => Err(missing(question.option)),
        };
    }
    let shown = match question.default {
        Some(default) => format!("{} [{default}]: ", question.text),
        None => format!("{}: ", question.text),
    };
    loop {
        let typed = person.ask(&shown)?.ok_or_else(stopped)?;
        let typed = typed.trim();
        let text = match (typed, question.default) {
            ("", Some(default)) => default,
            ("", None) => continue,
            _ => typed,
        };
        match read(text) {
            Ok(value) => return Ok(value),
            Err(why) => person.tell(&format!("  {}.", why.trim_end_matches('.')))?,
        }
    }
}

/// Yes or no.
pub fn confirm(person: &mut dyn Person, question: &str, default: bool) -> Result<bool, CommandError> {
    if !person.is_there() {
        return Ok(default);
    }
    let default = if default { "yes" } else { "no" };
    let asked = Question { text: question, option: "", default: Some(default) };
    answer(person, asked, None, |text| match text.to_lowercase().as_str() {
        "y" | "yes" | "j" | "ja" => Ok(true),
        "n" | "no" | "nej" | "nein" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    })
}

/// An answer that has no default, and nobody to give it.
pub fn missing(option: &str) -> CommandError {
    CommandError::usage(format!("{option} is missing, and there is nobody to ask"))
        .hint("Every question is an option (`svar init --help`); on a terminal, svar asks.")
}

/// Plays a person's part in tests: answers in turn, and remembers all that was said.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct Played {
    pub answers: std::collections::VecDeque<String>,
    pub heard: String,
}

#[cfg(test)]
impl Played {
    pub fn new(answers: &[&str]) -> Self {
        Self { answers: answers.iter().map(ToString::to_string).collect(), heard: String::new() }
    }
}

#[cfg(test)]
impl Person for Played {
    fn tell(&mut self, text: &str) -> Result<(), CommandError> {
        self.heard.push_str(text);
        self.heard.push('\n');
        Ok(())
    }

    fn ask(&mut self, question: &str) -> Result<Option<String>, CommandError> {
        let answer = self.answers.pop_front();
        self.tell(&format!("{question}{}", answer.as_deref().unwrap_or("^D")))?;
        Ok(answer)
    }

    fn ask_unseen(&mut self, question: &str) -> Result<Option<String>, CommandError> {
        let answer = self.answers.pop_front();
        self.tell(&format!("{question}***"))?;
        Ok(answer)
    }

    fn is_there(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_explained_and_asked_anew() {
        let check = |answers: &[&str], default: Option<&str>, expect: Result<u32, &str>, heard: &str| {
            let mut person = Played::new(answers);
            let asked = Question { text: "How many", option: "--many", default };
            let got = answer(&mut person, asked, None, |t| t.parse::<u32>().map_err(|_| format!("{t:?} is no number")));
            assert_eq!(got.map_err(|e| e.message), expect.map_err(str::to_owned), "{answers:?}");
            assert_eq!(person.heard, heard);
        };
        check(&["7"], None, Ok(7), "How many: 7\n");
        check(&[""], Some("3"), Ok(3), "How many [3]: \n");
        check(&["x", " 4 "], Some("3"), Ok(4), "How many [3]: x\n  \"x\" is no number.\nHow many [3]:  4 \n");
        check(&["", "5"], None, Ok(5), "How many: \nHow many: 5\n");
        check(&[], Some("3"), Err("stopped; nothing was written"), "How many [3]: ^D\n");
    }

    struct Nobody;
    impl Person for Nobody {
        fn tell(&mut self, _: &str) -> Result<(), CommandError> {
            Ok(())
        }
        fn ask(&mut self, _: &str) -> Result<Option<String>, CommandError> {
            Ok(None)
        }
        fn ask_unseen(&mut self, _: &str) -> Result<Option<String>, CommandError> {
            Ok(None)
        }
        fn is_there(&self) -> bool {
            false
        }
    }

    #[test]
    fn where_nobody_is_the_option_or_the_default_answers() {
        let check = |given: Option<&str>, default: Option<&str>, expect: Result<u32, &str>| {
            let asked = Question { text: "How many", option: "--many", default };
            let got = answer(&mut Nobody, asked, given, |t| t.parse::<u32>().map_err(|_| format!("{t} is no number")));
            assert_eq!(got.map_err(|e| (e.kind.exit_code(), e.message)), expect.map_err(|m| (2, m.to_owned())));
        };
        check(Some("7"), Some("3"), Ok(7));
        check(None, Some("3"), Ok(3));
        check(None, None, Err("--many is missing, and there is nobody to ask"));
        check(Some("x"), None, Err("--many: x is no number"));
        assert!(confirm(&mut Nobody, "Sure?", true).unwrap());
    }
}
