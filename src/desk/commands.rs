//! Commands on the first lines of an agent's mail: one table that parses, explains and is printed by `#help`.

use jiff::tz::TimeZone;

use crate::desk::when;
use crate::model::{Address, Priority, TicketNo, Time};

/// What an agent asks for, apart from the text that goes to the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Close,
    Open,
    /// Needs no answer, or was answered elsewhere.
    Done,
    /// Answered by telephone; the rest of the line is a note.
    Called(String),
    Pending,
    Hold(Time),
    /// These tickets; none named: the one that the mail is about.
    Take(Vec<TicketNo>),
    /// Part of a name or address; resolved against the agents.
    Assign(String),
    /// To whom, if anybody is named.
    Note(Option<String>),
    Cc(Address),
    Tag(Vec<String>),
    Untag(Vec<String>),
    Priority(Priority),
    Merge(TicketNo),
    Spam,
    /// Until when; `None`: until `#back`.
    Away(Option<Time>),
    Back,
    Send,
    Drop,
    Help,
}

/// A row of the table: English and Swedish word, what it takes, what it does.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub english: &'static str,
    pub swedish: &'static str,
    /// Example of its argument; empty where it takes none.
    pub argument: &'static str,
    pub does_en: &'static str,
    pub does_sv: &'static str,
    read: fn(&str, &Ground<'_>) -> Result<Command, Wrong>,
}

/// What reading a command depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub now: Time,
    pub zone: &'a TimeZone,
}

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// With the nearest known one.
    Unknown(Option<&'static str>),
    /// It takes an argument like this one.
    Argument(&'static str),
    /// It takes nothing.
    NoArgument,
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLine {
    pub line: String,
    pub wrong: Wrong,
}

macro_rules! table {
    ($($english:literal $swedish:literal $argument:literal $en:literal $sv:literal $read:expr;)*) => {
        /// Every command, in the order in which `#help` prints them.
        pub const TABLE: &[Entry] = &[$(Entry {
            english: $english, swedish: $swedish, argument: $argument, does_en: $en, does_sv: $sv, read: $read,
        },)*];
    };
}

table! {
    "close" "stäng" "" "close the matter" "stäng ärendet" |a, _| none(a, Command::Close);
    "open" "öppna" "" "open it again" "öppna det igen" |a, _| none(a, Command::Open);
    "done" "klar" "" "needs no answer, or was answered elsewhere" "behöver inget svar, eller är besvarat på annat håll" |a, _| none(a, Command::Done);
    "called" "ringt" "what was said" "answered by telephone; the text is kept as a note" "besvarat per telefon; texten sparas som anteckning" |a, _| Ok(Command::Called(a.to_owned()));
    "pending" "vänta" "" "the customer's turn" "kundens tur" |a, _| none(a, Command::Pending);
    "hold" "parkera" "2d" "park it until then: 2d, mon 09:00" "parkera till dess: 2d, mån 09:00" |a, g| when::parse(a, g.now, g.zone).map(Command::Hold).ok_or(Wrong::Argument("2d"));
    "take" "ta" "" "it is mine; several by number: #take 41 57" "jag tar det; flera med nummer: #ta 41 57" |a, _| numbers(a).map(Command::Take);
    "assign" "tilldela" "bjorn" "give it to a colleague" "ge det till en kollega" |a, _| some(a, "bjorn").map(|w| Command::Assign(w.to_owned()));
    "note" "notera" "" "all the text stays inside; to whom, if a name follows" "all text stannar internt; till vem, om ett namn följer" |a, _| Ok(Command::Note((!a.is_empty()).then(|| a.to_owned())));
    "cc" "kopia" "eva@example.test" "takes part from now on" "är med från och med nu" |a, _| Address::parse(a).map(Command::Cc).ok_or(Wrong::Argument("eva@example.test"));
    "tag" "märk" "late" "tags" "etiketter" |a, _| words(a).map(Command::Tag);
    "untag" "avmärk" "late" "takes tags away" "tar bort etiketter" |a, _| words(a).map(Command::Untag);
    "priority" "prioritet" "high" "low, normal, high, urgent" "låg, normal, hög, akut" |a, _| priority(a);
    "merge" "slå-ihop" "41" "joins this matter to another" "för ihop ärendet med ett annat" |a, _| number(a).map(Command::Merge);
    "spam" "skräp" "" "unwanted mail" "skräppost" |a, _| none(a, Command::Spam);
    "away" "borta" "mon 09:00" "nothing is sent to me until then" "inget skickas till mig till dess" |a, g| away(a, g);
    "back" "tillbaka" "" "here again" "här igen" |a, _| none(a, Command::Back);
    "send" "skicka" "" "send what is held" "skicka det som hålls" |a, _| none(a, Command::Send);
    "stop" "stopp" "" "stop what waits" "stoppa det som väntar" |a, _| none(a, Command::Drop);
    "drop" "släng" "" "forget what is held" "släng det som hålls" |a, _| none(a, Command::Drop);
    "help" "hjälp" "" "this list" "den här listan" |_, _| Ok(Command::Help);
}

/// The table as the pages print it: English word, Swedish word, what it does.
#[must_use]
pub fn rows() -> Vec<crate::desk::say::CommandRow<'static>> {
    TABLE.iter().map(|e| (e.english, e.swedish, e.does_en)).collect()
}

fn none(argument: &str, command: Command) -> Result<Command, Wrong> {
    if argument.is_empty() { Ok(command) } else { Err(Wrong::NoArgument) }
}

fn some<'a>(argument: &'a str, like: &'static str) -> Result<&'a str, Wrong> {
    if argument.is_empty() { Err(Wrong::Argument(like)) } else { Ok(argument) }
}

fn words(argument: &str) -> Result<Vec<String>, Wrong> {
    let words: Vec<String> = argument
        .split([' ', ','])
        .filter(|w| !w.is_empty())
        .map(|w| w.trim_start_matches('#').to_lowercase())
        .collect();
    let fine = |w: &String| w.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if words.is_empty() || !words.iter().all(fine) { Err(Wrong::Argument("late")) } else { Ok(words) }
}

fn priority(argument: &str) -> Result<Command, Wrong> {
    let word = match argument.to_lowercase().as_str() {
        "låg" => "low".to_owned(),
        "hög" => "high".to_owned(),
        "akut" | "brådskande" => "urgent".to_owned(),
        other => other.to_owned(),
    };
    Priority::parse(&word).map(Command::Priority).ok_or(Wrong::Argument("high"))
}

fn number(argument: &str) -> Result<TicketNo, Wrong> {
    argument.trim_start_matches('#').parse().ok().filter(|n| *n > 0).map(TicketNo).ok_or(Wrong::Argument("41"))
}

fn numbers(argument: &str) -> Result<Vec<TicketNo>, Wrong> {
    argument
        .split([' ', ','])
        .filter(|w| !w.is_empty())
        .map(|w| number(w).map_err(|_| Wrong::Argument("41 57")))
        .collect()
}

fn away(argument: &str, ground: &Ground<'_>) -> Result<Command, Wrong> {
    if argument.is_empty() {
        return Ok(Command::Away(None));
    }
    when::parse(argument, ground.now, ground.zone).map(|t| Command::Away(Some(t))).ok_or(Wrong::Argument("mon 09:00"))
}

/// The line as people's keyboards and programs leave it: other spaces, dashes and number signs made plain, a heading's `# ` closed up.
fn plain(line: &str) -> String {
    let line: String = line
        .chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
        .map(|c| match c {
            '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' | '\t' => ' ',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{ff03}' => '#',
            _ => c,
        })
        .collect();
    let line = line.trim();
    match line.strip_prefix('#') {
        Some(rest) => format!("#{}", rest.trim_start()),
        None => line.to_owned(),
    }
}

/// Whether a line asks to be a command: a number sign and a letter.
fn claims(line: &str) -> bool {
    line.strip_prefix('#').and_then(|r| r.chars().next()).is_some_and(char::is_alphabetic)
}

fn read(line: &str, ground: &Ground<'_>) -> Result<Command, Wrong> {
    let (word, argument) = match line[1..].split_once(' ') {
        Some((w, a)) => (w, a.trim()),
        None => (&line[1..], ""),
    };
    let word = word.trim_end_matches([':', '.', ',']).to_lowercase();
    let entry = TABLE.iter().find(|e| e.english == word || e.swedish == word);
    match entry {
        Some(entry) => (entry.read)(argument, ground),
        None => Err(Wrong::Unknown(nearest(&word))),
    }
}

/// The known word that differs least, if it differs by at most two letters.
fn nearest(word: &str) -> Option<&'static str> {
    TABLE
        .iter()
        .flat_map(|e| [e.english, e.swedish])
        .map(|known| (distance(word, known), known))
        .filter(|(d, known)| *d <= 2 && *d < known.chars().count())
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein's distance, in letters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(40).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (above + 1).min(row[j] + 1).min(corner + usize::from(ca != *cb));
            corner = above;
        }
    }
    row[b.len()]
}

/// An agent's text taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub commands: Vec<Command>,
    /// The command lines as written, for cutting them out of the HTML and for the agent's draft.
    pub lines: Vec<String>,
    pub wrong: Vec<WrongLine>,
    /// What stands below the commands.
    pub text: String,
    /// Lines further down that would be commands on the first line: the mail is held for them.
    pub strays: Vec<String>,
}

/// Takes `text` apart: commands stand on the first lines, before any other text, one a line; empty lines between them are passed.
#[must_use]
pub fn parse(text: &str, ground: &Ground<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.peek() {
        let line = plain(line);
        if line.is_empty() {
            lines.next();
            continue;
        }
        if !claims(&line) {
            break;
        }
        lines.next();
        match read(&line, ground) {
            Ok(command) => parsed.commands.push(command),
            Err(wrong) => parsed.wrong.push(WrongLine { line: line.clone(), wrong }),
        }
        parsed.lines.push(line);
    }
    let rest: Vec<&str> = lines.collect();
    parsed.strays = rest.iter().map(|l| plain(l)).filter(|l| claims(l) && read(l, ground).is_ok()).collect();
    parsed.text = rest.join("\n").trim().to_owned();
    parsed
}

/// One mail may name so many tickets.
const NAMED_MAX: usize = 50;

/// Tickets that the commands above a text name: they must be looked up before the commands can be judged.
#[must_use]
pub fn named_tickets(text: &str) -> Vec<TicketNo> {
    let parsed = parse(text, &Ground { now: Time::from_unix(0), zone: &TimeZone::UTC });
    let named = |c: &Command| match c {
        Command::Merge(ticket) => vec![*ticket],
        Command::Take(tickets) => tickets.clone(),
        _ => Vec::new(),
    };
    parsed.commands.iter().flat_map(named).take(NAMED_MAX).collect()
}

const GREETINGS: &[&str] = &[
    "hej",
    "hej!",
    "hejsan",
    "hello",
    "hi",
    "god morgon",
    "god dag",
    "mvh",
    "vh",
    "hälsningar",
    "vänliga hälsningar",
    "med vänlig hälsning",
    "med vänliga hälsningar",
    "bästa hälsningar",
    "regards",
    "kind regards",
    "best regards",
    "best",
    "cheers",
    "sincerely",
    "/",
];

/// Whether `text` is a greeting, the agent's name or a signature and nothing else: then there is nothing to send.
#[must_use]
pub fn says_nothing(text: &str, agent_name: &str) -> bool {
    let name = agent_name.to_lowercase();
    let first = name.split_whitespace().next().unwrap_or_default().to_owned();
    let mut greeted_off = false;
    text.lines().map(|l| l.trim().to_lowercase()).filter(|l| !l.is_empty()).all(|line| {
        let bare = line.trim_matches(|c: char| !c.is_alphanumeric() && c != '/').trim();
        let greeting = GREETINGS.contains(&bare) || bare.is_empty();
        let named =
            bare == name || (!first.is_empty() && (bare == first || bare.strip_prefix('/') == Some(first.as_str())));
        let farewell = greeting
            && bare.contains("h")
            && (bare.contains("hälsning")
                || bare.contains("regards")
                || matches!(bare, "mvh" | "vh" | "best" | "cheers" | "sincerely"));
        // Below a farewell or the agent's own name stands a signature: telephone, company, links.
        let signature = greeted_off
            && (line.chars().any(|c| c.is_ascii_digit())
                || line.contains('@')
                || line.contains("www.")
                || line.split_whitespace().count() <= 4);
        greeted_off |= farewell || named;
        greeting || named || signature
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Parsed {
        let zone = TimeZone::UTC;
        parse(text, &Ground { now: Time::from_unix(0), zone: &zone })
    }

    #[test]
    fn commands_in_both_languages_before_any_text() {
        let p = parsed("#close\n\n#Märk sen Postnord\n\nHej Eva!\n\nDet är klart.\n");
        assert_eq!(p.commands, [Command::Close, Command::Tag(vec!["sen".into(), "postnord".into()])]);
        assert_eq!(p.text, "Hej Eva!\n\nDet är klart.");
        assert!(p.wrong.is_empty() && p.strays.is_empty());
        for entry in TABLE {
            for word in [entry.english, entry.swedish] {
                let p = parsed(&format!("\u{a0}# {} {}\u{200b}", word.to_uppercase(), entry.argument));
                assert_eq!((p.commands.len(), p.wrong.len()), (1, 0), "{word}");
            }
        }
        assert_eq!(parsed("#slå–ihop #41").commands, [Command::Merge(TicketNo(41))]);
    }

    #[test]
    fn one_wrong_line_is_told_with_the_nearest_word() {
        let p = parsed("#clsoe\n#hold sometime\n#spam it\nHej");
        let wrong: Vec<_> = p.wrong.into_iter().map(|w| w.wrong).collect();
        assert_eq!(wrong, [Wrong::Unknown(Some("close")), Wrong::Argument("2d"), Wrong::NoArgument]);
        assert_eq!(parsed("#xyzzyplugh").wrong[0].wrong, Wrong::Unknown(None));
    }

    #[test]
    fn text_is_no_command_and_strays_are_seen() {
        let p = parsed("Hej!\n#1 är slut, #2 finns.\n#close\n");
        assert!(p.commands.is_empty());
        assert_eq!(p.strays, ["#close"]);
        assert!(parsed("# 1 är bra").commands.is_empty() && parsed("#1 är bra").wrong.is_empty());
    }

    #[test]
    fn a_greeting_or_a_signature_says_nothing() {
        for empty in [
            "",
            "Hej!",
            "Mvh\nAnna",
            "Med vänliga hälsningar\nAnna Andersson\n070-123 45 67\nExempelbutiken AB",
            "/Anna",
            "--\nAnna",
        ] {
            assert!(says_nothing(empty, "Anna Andersson"), "{empty:?}");
        }
        for full in ["Ja", "Ja, det går bra", "Hej!\nDet är klart.\nMvh\nAnna", "Annan dag", "42"] {
            assert!(!says_nothing(full, "Anna Andersson"), "{full:?}");
        }
    }
}
