//! Every word of every language, and what people's programs make of it.

use super::*;

fn parsed(text: &str) -> Parsed {
    let zone = TimeZone::UTC;
    parse(text, &Ground { now: Time::from_unix(0), zone: &zone })
}

fn only(text: &str) -> Command {
    let parsed = parsed(text);
    assert!(parsed.wrong.is_empty() && parsed.commands.len() == 1, "{text:?}: {parsed:?}");
    parsed.commands[0].clone()
}

fn wrong(text: &str) -> Wrong {
    let parsed = parsed(text);
    assert_eq!(parsed.wrong.len(), 1, "{text:?}: {parsed:?}");
    parsed.wrong[0].wrong.clone()
}

fn addr(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn commands_in_both_languages_before_any_text() {
    let p = parsed("#close\n\n#Märk sen Postnord\n\nHej Eva!\n\nDet är klart.\n");
    assert_eq!(p.commands, [Command::Close, Command::Tag(vec!["sen".into(), "postnord".into()])]);
    assert_eq!(p.text, "Hej Eva!\n\nDet är klart.");
    assert!(p.wrong.is_empty() && p.strays.is_empty());
}

#[test]
fn every_row_has_its_words_and_its_examples_are_right() {
    for entry in TABLE {
        for language in Wording::languages() {
            let words = Wording::of(language);
            let keywords = words.list_of(&format!("keyword.{}", entry.key));
            assert!(!keywords.is_empty(), "{language} has no word for {}", entry.key);
            let examples = words.list_of(&format!("example.{}", entry.key));
            let none = [String::new()];
            for word in keywords {
                for example in if examples.is_empty() { none.as_slice() } else { examples } {
                    let line = format!("\u{a0}＃ {} {example}\u{200b}", word.to_uppercase());
                    let p = parsed(&line);
                    let fine = if entry.is_here() { p.wrong.is_empty() } else { p.wrong[0].wrong == Wrong::NotYet };
                    assert!(fine && p.lines.len() == 1, "{line}: {p:?}");
                    let found = row_of(&format!("{word} {example}")).map(|(row, _)| TABLE[row].key);
                    assert_eq!(found, Some(entry.key), "{word}");
                }
            }
            if entry.is_here() {
                assert!(words.word_if_known(&format!("commands.{}", entry.key)).is_some(), "{language} {}", entry.key);
            }
        }
    }
}

#[test]
fn no_word_names_two_commands() {
    for (word, known, row) in KEYWORDS.iter() {
        let same = KEYWORDS.iter().find(|(w, _, r)| w == word && r != row);
        assert!(same.is_none(), "{known}: {} and {}", TABLE[*row].key, TABLE[same.unwrap().2].key);
    }
}

#[test]
fn arguments_as_people_write_them() {
    let tag = |words: &[&str]| Command::Tag(words.iter().map(|w| (*w).to_owned()).collect());
    for (text, expect) in [
        ("#slå–ihop #41", Command::Merge(TicketNo(41))),
        ("#slå ihop 41.", Command::Merge(TicketNo(41))),
        ("#sla ihop 41", Command::Merge(TicketNo(41))),
        ("#Close.", Command::Close),
        ("#stang", Command::Close),
        ("#tag: late, postnord", tag(&["late", "postnord"])),
        ("#märk #sen", tag(&["sen"])),
        ("#assign “Björn”", Command::Assign(Some("Björn".into()))),
        ("#tilldela ingen", Command::Assign(None)),
        ("#take", Command::Take(Vec::new())),
        ("#take 41 #57", Command::Take(vec![TicketNo(41), TicketNo(57)])),
        ("#note björn", Command::Note(Some("björn".into()))),
        ("#fråga reklamation@frakt.test<mailto:reklamation@frakt.test>", Command::Ask(addr("reklamation@frakt.test"))),
        ("#cc <eva@kund.test>", Command::Cc(addr("eva@kund.test"))),
        ("#ta bort kopia eva@kund.test", Command::Uncc(addr("eva@kund.test"))),
        ("#new eva@kund.test Din beställning", Command::New(addr("eva@kund.test"), "Din beställning".into())),
        ("#same as eva@jobb.test", Command::SameAs(addr("eva@jobb.test"))),
        ("#inte-samma-som eva@jobb.test", Command::NotSameAs(addr("eva@jobb.test"))),
        ("#prioritet hög", Command::Priority(Priority::High)),
        ("#priority Urgent", Command::Priority(Priority::Urgent)),
        ("#release 3, 5", Command::Release(vec![QuarantineNo(3), QuarantineNo(5)])),
        ("#ringt Hon behåller väskan.", Command::Called("Hon behåller väskan.".into())),
        ("#hold 2d.", Command::Hold(Time::from_unix(2 * Time::DAY))),
        ("#borta", Command::Away(None)),
        ("**#close**", Command::Close),
    ] {
        assert_eq!(only(text), expect, "{text}");
    }
}

#[test]
fn one_wrong_line_is_told_with_the_nearest_word() {
    for (text, expect) in [
        ("#clsoe", Wrong::Unknown(Some("close".into()))),
        ("#stängt", Wrong::Unknown(Some("stäng".into()))),
        ("#xyzzyplugh", Wrong::Unknown(None)),
        ("#ta-bort", Wrong::Unknown(None)),
        ("#hold", Wrong::Missing("hold")),
        ("#hold sometime", Wrong::Time),
        ("#away yesterday", Wrong::Time),
        ("#close it", Wrong::NoArgument),
        ("#take it", Wrong::Argument("take")),
        ("#merge 41 42", Wrong::Argument("merge")),
        ("#merge", Wrong::Missing("merge")),
        ("#cc eva", Wrong::Address),
        ("#new eva@kund.test", Wrong::Missing("new")),
        ("#new Eva Ek", Wrong::Address),
        ("#priority highest", Wrong::Argument("priority")),
        ("#canned", Wrong::Missing("canned")),
        ("#bulk", Wrong::Missing("bulk")),
        ("#bulk answers:no", Wrong::Missing("bulk")),
        ("#bulk \"\"", Wrong::Missing("bulk")),
        ("#bulk tag:late answers:maybe", Wrong::Argument("bulk")),
        ("#without late", Wrong::Argument("without")),
    ] {
        assert_eq!(wrong(text), expect, "{text}");
    }
}

#[test]
fn a_bulk_answers_unless_it_says_otherwise() {
    let check = |text: &str, query: &str, answers: bool| {
        assert_eq!(only(text), Command::Bulk { query: query.to_owned(), answers }, "{text}");
    };
    check("#bulk state:open tag:late", "state:open tag:late", true);
    check("#massvar svar:nej subject:försenad", "subject:försenad", false);
    check("#bulk postnord ANSWERS:No -tag:x", "postnord -tag:x", false);
    check("#bulk postnord answers:ja", "postnord", true);
    assert_eq!(only("#utan #41, 57"), Command::Without(vec![TicketNo(41), TicketNo(57)]));
}

#[test]
fn what_excludes_each_other_is_wrong() {
    for (text, other) in [
        ("#close\n#hold 2d", "#close"),
        ("#note\n#ask per@frakt.test\nHej", "#note"),
        ("#pending\n#spam", "#pending"),
        ("#ringt\n#notera\nHej", "#ringt"),
    ] {
        assert_eq!(wrong(text), Wrong::Contradicts(other.to_owned()), "{text}");
    }
    for fine in ["#close\n#stäng", "#ask a@frakt.test\n#ask b@frakt.test\nHej", "#close\n#tag late\n#note\nHej"] {
        assert!(parsed(fine).wrong.is_empty(), "{fine}");
    }
}

#[test]
fn text_is_no_command_and_strays_are_seen() {
    let p = parsed("Hej!\n#1 är slut, #2 finns.\n#close\n#mall sen\n");
    assert!(p.commands.is_empty());
    assert_eq!(p.strays, ["#close", "#mall sen"]);
    assert!(parsed("# 1 är bra").commands.is_empty() && parsed("#1 är bra").wrong.is_empty());
    assert!(parsed("Hej!\n#merge är ett ord\n").strays.is_empty());
}

#[test]
fn a_heading_has_lost_its_number_sign() {
    let zone = TimeZone::UTC;
    let ground = Ground { now: Time::from_unix(0), zone: &zone };
    let headings = ["Close".to_owned(), "Hej".to_owned()];
    let p = parse_with_headings("Close\n\nHej\nEva", &headings, &ground);
    assert_eq!((p.commands.as_slice(), p.text.as_str()), ([Command::Close].as_slice(), "Hej\nEva"));
    assert!(parse("Close\nHej", &ground).commands.is_empty());
}

#[test]
fn what_is_named_is_looked_up() {
    let found = named("#merge 41\n#take 1 2\n#customer eva@kund.test\n#release 3\n\n#merge 9\n", &[]);
    assert_eq!(found.tickets, [41, 1, 2, 9].map(TicketNo));
    assert_eq!(found.addresses, [addr("eva@kund.test")]);
    assert_eq!(found.quarantined, [QuarantineNo(3)]);
}
