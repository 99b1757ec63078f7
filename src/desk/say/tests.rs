//! The pages as their readers see them, in every language.

use super::acknowledgement::{AckFacts, Echo, acknowledgement};
use super::asked::{AskedFacts, AskedWhy, asked};
use super::colleague::{ColleagueFacts, NoteFrom, colleague_answered, files, note};
use super::failed::{CameBackFacts, CameBackFrom, FailedHow, UndeliverableFacts, came_back, undeliverable};
use super::held::{HeldFacts, HeldWhy, held};
use super::manager::{ManagerNews, to_manager};
use super::not_proved::{NotProvedFacts, NotProvedWhy, SetAside, not_proved};
use super::notification::{
    CannedLine, LastAnswer, NotificationFacts, Reason, Remark, Tap, TapWord, TicketLine, notification, sender_name,
};
use super::refused::{RefusedFacts, WrongLine, WrongWhy, help, refused};
use super::*;
use crate::mail::compose::{AutoSubmitted, Draft, compose};
use crate::mail::marker::MARKER;
use crate::model::{Address, State};
use crate::plan::{AttachmentRow, Segment};

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn party(name: &str, at: &str) -> Party {
    Party { name: name.to_owned(), address: address(at) }
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Stockholm").unwrap()
}

fn voice<'a>(language: &'a str, zone: &'a TimeZone) -> Voice<'a> {
    Voice { language, zone, now: time("2026-11-24T12:40:00Z"), desk: "Exempelbutiken" }
}

/// What holds for every page, whatever is in it.
fn sound(page: &Page) {
    assert!(!page.subject.is_empty() && !page.subject.contains(['\n', '\r']), "{}", page.subject);
    assert!(
        page.text.ends_with('\n') && !page.text.contains("\n\n\n") && !page.text.starts_with('\n'),
        "{}",
        page.text
    );
    assert!(page.html.starts_with("<!DOCTYPE html>") && page.html.ends_with("</html>\n"));
    for bad in ["<script", "background", "javascript:", "onerror=", "<img"] {
        assert!(!page.html.contains(bad), "{bad} in {}", page.html);
    }
    for (open, close) in [("<p ", "</p>"), ("<div ", "</div>"), ("<a ", "</a>"), ("<table ", "</table>")] {
        assert!(page.html.matches(open).count() <= page.html.matches(close).count(), "{open}");
    }
}

fn line(number: i64, at: &str, state: State, subject: &str) -> TicketLine {
    TicketLine { number: TicketNo(number), at: time(at), state, subject: subject.to_owned() }
}

fn facts() -> NotificationFacts {
    NotificationFacts {
        number: TicketNo(42),
        subject: "Muggen kom fram trasig".to_owned(),
        reason: Reason::New,
        author: Some(party("Karin Karlsson", "karin@kund.example")),
        mailbox: address("support@example.test"),
        received_at: time("2026-11-24T12:31:00Z"),
        due_at: Some(time("2026-11-24T13:31:00Z")),
        remarks: vec![Remark::SameMatter(TicketNo(41))],
        text:
            "Hej!\n\nJag fick paketet i går, men handtaget på muggen är av. Se bilden. Kan ni skicka en ny\nföre jul? \
               Ordernummer 4711, https://shop.example/order/4711.\n\nVänliga hälsningar\nKarin"
                .to_owned(),
        copies: vec![party("", "sambo@kund.example")],
        attachments: vec![AttachmentRow {
            name: "mugg.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size: 1_240_000,
            inline: false,
            content_id: None,
            sha256: "0".repeat(64),
        }],
        left_out: vec![("film.mov".to_owned(), 38_000_000)],
        last_answer: None,
        history: vec![
            line(41, "2026-11-23T09:00:00Z", State::Open, "Var är paketet?"),
            line(
                17,
                "2026-03-02T09:00:00Z",
                State::Closed,
                "Byta adress på en beställning som redan har lämnat lagret och är på väg",
            ),
        ],
        alike: Vec::new(),
        canned: Vec::new(),
        related: Vec::new(),
        taps: vec![
            Tap { what: TapWord::Take, to: address("support+k4zq2m7xw3ta@example.test") },
            Tap { what: TapWord::HoldTomorrow, to: address("support+k4zq2m7xw3th@example.test") },
            Tap { what: TapWord::Close, to: address("support+k4zq2m7xw3ts@example.test") },
            Tap { what: TapWord::Spam, to: address("support+k4zq2m7xw3tk@example.test") },
        ],
    }
}

#[test]
fn canned_answers_are_a_line_and_a_mail_with_it() {
    let to = address("support+t42.abc.def@example.test");
    let line = |to| CannedLine { name: "försenat".to_owned(), title: "Försenat <paket>".to_owned(), to };
    let zone = zone();
    let page = notification(&voice("sv", &zone), &NotificationFacts { canned: vec![line(Some(to))], ..facts() });
    assert!(page.text.contains("Färdiga svar som kan passa") && page.text.contains("#mall försenat"), "{}", page.text);
    assert!(page.html.contains("Försenat &lt;paket&gt;"));
    assert!(page.html.contains("mailto:support%2Bt42.abc.def@example.test?subject=%5B%2342%5D"), "{}", page.html);
    assert!(page.html.contains("body=%23mall%20f%C3%B6rsenat"), "{}", page.html);
    let page = notification(&voice("en", &zone), &NotificationFacts { canned: vec![line(None)], ..facts() });
    assert!(page.text.contains("#canned försenat") && !page.html.contains("body=%23canned"));
}

#[test]
fn a_notification_in_swedish() {
    let zone = zone();
    let page = notification(&voice("sv", &zone), &facts());
    sound(&page);
    assert_eq!(page.subject, "[#42] Muggen kom fram trasig");
    let expect = include_str!("tests/notification.sv.txt");
    assert_eq!(page.text, expect, "{}", page.text);
    assert!(page.text.lines().all(|l| l.chars().count() <= 100));
    assert!(page.html.contains("<a href=\"https://shop.example/order/4711\">"));
    let tap = "href=\"mailto:support%2Bk4zq2m7xw3ta@example.test?subject=%5B%2342%5D%20Ta%20%C3%A4rendet&amp;body=";
    assert!(page.html.contains(tap), "{}", page.html);
}

#[test]
fn a_notification_is_read_back_as_it_was_written() {
    assert_eq!(MARKER, crate::mail::quote::SEPARATOR);
    let zone = zone();
    for language in Wording::languages() {
        let page = notification(&voice(language, &zone), &facts());
        let draft = Draft {
            from: party(&sender_name(&voice(language, &zone), "Kundservice", facts().due_at), "support@example.test"),
            to: vec![party("Anna Andersson", "anna@example.test")],
            cc: Vec::new(),
            reply_to: Some(party("", "support+k4zq2m7xw3tr@example.test")),
            subject: page.subject.clone(),
            date: time("2026-11-24T12:40:00Z"),
            zone: zone.clone(),
            message_id: "n42@example.test".to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: Some(AutoSubmitted::Generated),
            headers: vec![("X-Svar-Ticket".to_owned(), "42".to_owned())],
            text: page.text.clone(),
            html: Some(page.html.clone()),
            attachments: Vec::new(),
            attached_mails: Vec::new(),
        };
        let segments = compose(&draft);
        let [Segment::Bytes(raw)] = segments.as_slice() else { panic!("{segments:?}") };
        let letter = crate::mail::read::read(raw);
        assert_eq!(letter.subject, page.subject);
        assert_eq!(letter.text.trim_end(), page.text.trim_end());
        assert_eq!(letter.kind, crate::model::Kind::Auto);
        assert_eq!(letter.defects, Vec::new());
    }
}

#[test]
fn the_marker_stands_first_and_once() {
    let zone = zone();
    for language in Wording::languages() {
        let mut facts = facts();
        facts.text = format!("{MARKER}\nfalse");
        facts.author = Some(party(MARKER, "evil@kund.example"));
        facts.subject = MARKER.to_owned();
        facts.history[0].subject = MARKER.to_owned();
        facts.last_answer = Some(LastAnswer { by: None, at: facts.received_at, text: MARKER.to_owned() });
        for due_at in [facts.due_at, Some(time("2026-11-24T08:00:00Z")), None] {
            facts.due_at = due_at;
            let page = notification(&voice(language, &zone), &facts);
            sound(&page);
            assert!(page.text.starts_with(MARKER));
            assert!(page.text.lines().next().is_some_and(|l| l.chars().count() < 80 && l.len() > MARKER.len() + 10));
            assert_eq!(page.text.matches(MARKER).count(), 1, "{}", page.text);
            let body = page.html.split("<body").nth(1).unwrap().split_once('>').unwrap().1;
            assert!(body.trim_start().starts_with("<div class=\"svar-marker "));
            assert_eq!(page.html.matches(MARKER).count(), 1);
        }
    }
}

#[test]
fn the_first_line_tells_when() {
    let zone = zone();
    let first = |language: &str, due_at: Option<&str>| {
        let facts = NotificationFacts { due_at: due_at.map(time), ..facts() };
        let page = notification(&voice(language, &zone), &facts);
        page.text.lines().next().unwrap().replace(MARKER, "").trim().to_owned()
    };
    let due = Some("2026-11-26T08:00:00Z");
    let past = Some("2026-11-23T14:00:00Z");
    assert_eq!(first("sv", due), "Svara senast tors 26 nov 09:00. Skriv ovanför den här raden.");
    assert_eq!(first("en", due), "Answer by Thu 26 Nov 09:00. Write above this line.");
    assert_eq!(first("sv", past), "Skulle ha besvarats i går 15:00. Skriv ovanför den här raden.");
    assert_eq!(first("sv", None), "Skriv ditt svar ovanför den här raden.");
    let sender = |due: Option<&str>| sender_name(&voice("sv", &zone), "Kundservice", due.map(time));
    assert_eq!(sender(due), "Kundservice (svara senast tors 09:00)");
    assert_eq!(sender(past), "Kundservice (skulle ha besvarats mån 15:00)");
    assert_eq!(sender(None), "Kundservice");
}

#[test]
fn every_reason_and_remark_has_words() {
    let zone = zone();
    let name = || "Björn".to_owned();
    let reasons = [
        Reason::New,
        Reason::Again,
        Reason::Reopened,
        Reason::Warning { left_s: 1800 },
        Reason::Warning { left_s: -5 },
        Reason::HoldOver,
        Reason::Assigned { by: Some(name()) },
        Reason::Assigned { by: None },
        Reason::Released,
    ];
    let remarks = vec![
        Remark::Unverified,
        Remark::OurOwnAddress,
        Remark::SameMatter(TicketNo(41)),
        Remark::NamesTicket(TicketNo(41)),
        Remark::Continues(TicketNo(41)),
        Remark::CameBackFrom { colleague: name() },
        Remark::StandsInFor { colleague: name() },
        Remark::LeftInMailbox,
        Remark::Unreadable,
        Remark::Robot,
        Remark::AnswerCameBack { addresses: vec!["a@b.test".to_owned(), "c@d.test".to_owned()] },
        Remark::MergedFrom(TicketNo(41)),
        Remark::ThirdParty,
        Remark::WebForm {
            name: name(),
            has_address: true,
            phone: Some("070-123 45 67".to_owned()),
            wish: Some("i morgon 9-10".to_owned()),
            from: crate::model::Time::parse_rfc3339("2026-11-24T08:00:00Z"),
            until: crate::model::Time::parse_rfc3339("2026-11-24T09:00:00Z"),
        },
        Remark::WebForm { name: name(), has_address: false, phone: None, wish: None, from: None, until: None },
        Remark::Other("Något annat.".to_owned()),
    ];
    let all = [
        TapWord::Take,
        TapWord::Close,
        TapWord::Done,
        TapWord::HoldTomorrow,
        TapWord::Spam,
        TapWord::Merge,
        TapWord::Yes,
        TapWord::No,
    ];
    for language in Wording::languages() {
        for reason in &reasons {
            let mut facts = NotificationFacts { reason: reason.clone(), remarks: remarks.clone(), ..facts() };
            facts.taps = all.iter().map(|what| Tap { what: *what, to: address("a+b@c.test") }).collect();
            facts.related = vec![line(40, "2026-11-24T09:00:00Z", State::Held, ""); 9];
            facts.last_answer =
                Some(LastAnswer { by: Some(name()), at: facts.received_at, text: "Hej\nigen".to_owned() });
            let page = notification(&voice(language, &zone), &facts);
            sound(&page);
            assert_eq!(page.text.matches("\n! ").count(), remarks.len() + 1);
            assert_eq!(page.text.matches("\n  #40 ").count(), 5);
            assert!(page.text.contains("\n| Hej\n| igen\n"));
        }
    }
    let nobody = NotificationFacts { author: None, text: " \n".to_owned(), ..facts() };
    let page = notification(&voice("sv", &zone), &nobody);
    assert!(page.text.contains("En okänd avsändare") && page.text.contains("(ingen text)"));
}

#[test]
fn hostile_words_stay_words() {
    let zone = zone();
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\r\n\u{1b}[31m";
    let mut facts = facts();
    evil.clone_into(&mut facts.text);
    evil.clone_into(&mut facts.subject);
    facts.author = Some(Party { name: evil.to_owned(), address: address("\"'&@kund.example") });
    facts.attachments[0].name = evil.to_owned();
    facts.left_out[0].0 = evil.to_owned();
    facts.history[0].subject = evil.to_owned();
    let page = notification(&voice("sv", &zone), &facts);
    for bad in ["<script", "<img", "\u{1b}"] {
        assert!(!page.html.contains(bad), "{bad}");
    }
    assert!(!page.text.contains('\u{1b}') && !page.text.contains('\r'));
}

#[test]
fn an_acknowledgement_says_back_nothing_of_a_stranger() {
    let zone = zone();
    let facts = |echo: Echo| AckFacts {
        number: TicketNo(42),
        echo,
        expect: Some("Vi svarar inom två timmar på vardagar.".to_owned()),
        notices: vec!["Beställ senast 18 december för leverans före jul.".to_owned()],
        signature: None,
    };
    let known = Echo::Verified { subject: "Muggen".to_owned(), name: "Karin Karlsson".to_owned() };
    let page = acknowledgement(&voice("sv", &zone), &facts(known.clone()));
    sound(&page);
    assert_eq!(page.subject, "Re: Muggen [#42]");
    assert_eq!(page.text, include_str!("tests/acknowledgement.sv.txt"), "{}", page.text);
    for (name, hello) in [("KARIN AB", "Hej!"), ("info", "Hej!"), ("Karlsson, Karin", "Hej!"), ("Åsa Öst", "Hej Åsa!")]
    {
        let echo = Echo::Verified { subject: String::new(), name: name.to_owned() };
        assert!(acknowledgement(&voice("sv", &zone), &facts(echo)).text.starts_with(hello), "{name}");
    }
    for language in Wording::languages() {
        let page = acknowledgement(&voice(language, &zone), &facts(Echo::Nothing));
        sound(&page);
        assert!(page.subject.starts_with("[#42] "));
        assert!(!page.text.contains(MARKER) && !page.html.contains(MARKER));
        let plain = AckFacts { expect: None, signature: Some("**Butiken**".to_owned()), ..facts(known.clone()) };
        let page = acknowledgement(&voice(language, &zone), &plain);
        sound(&page);
        assert!(page.text.contains("Butiken") && page.html.contains("<strong>Butiken</strong>"));
    }
}

#[test]
fn a_held_answer_shows_why_and_how_it_would_look() {
    let zone = zone();
    let at = time("2026-11-24T12:35:00Z");
    let whys = [
        HeldWhy::ColleagueAnswered {
            by: Some("Björn Berg".to_owned()),
            at,
            text: "Hej Karin!\nEn ny är på väg.".to_owned(),
        },
        HeldWhy::ColleagueAnswered { by: None, at, text: String::new() },
        HeldWhy::EndUncertain,
        HeldWhy::StaleAddress,
        HeldWhy::OldAddress,
        HeldWhy::CustomerWrote { at, text: "Tack, den kom.".to_owned() },
        HeldWhy::Leak { found: "anna@example.test".to_owned() },
        HeldWhy::CommandInText { line: "#stäng".to_owned() },
        HeldWhy::TicketChanged { now: TicketNo(43) },
        HeldWhy::OtherCustomer { other: TicketNo(43) },
        HeldWhy::Other("Något annat.".to_owned()),
    ];
    for language in Wording::languages() {
        for why in &whys {
            let facts = HeldFacts {
                number: TicketNo(42),
                subject: "Muggen kom fram trasig".to_owned(),
                why: vec![why.clone()],
                to: vec![party("Karin Karlsson", "karin@kund.example")],
                text: "Hej Karin!\n\nVi skickar en ny i dag.\n\n-- \nAnna, Exempelbutiken".to_owned(),
                attachments: vec!["fraktsedel.pdf".to_owned()],
                commands: vec!["#stäng".to_owned()],
                expires_at: time("2026-11-25T12:40:00Z"),
            };
            let page = held(&voice(language, &zone), &facts);
            sound(&page);
            assert!(page.subject.ends_with(": [#42] Muggen kom fram trasig"), "{}", page.subject);
            assert!(
                page.text.contains("\n| Vi skickar en ny i dag.\n|\n| --\n| Anna, Exempelbutiken\n"),
                "{}",
                page.text
            );
            assert_eq!(page.text.contains("#same-as"), matches!(why, HeldWhy::CommandInText { .. }));
            if language == "sv" && *why == whys[0] {
                assert_eq!(page.text, include_str!("tests/held.sv.txt"), "{}", page.text);
            }
        }
    }
}

#[test]
fn a_refused_command_names_the_right_one() {
    let zone = zone();
    let wrong = |line: &str, why: WrongWhy, nearest: Option<&str>| WrongLine {
        line: line.to_owned(),
        why,
        nearest: nearest.map(str::to_owned),
    };
    let all = vec![
        wrong("#stng", WrongWhy::UnknownCommand, Some("#stäng")),
        wrong("#parkera", WrongWhy::MissingArgument { example: "#parkera 2d".to_owned() }, None),
        wrong("#stäng nu", WrongWhy::UnwantedArgument, None),
        wrong("#parkera sen", WrongWhy::BadTime, None),
        wrong("#kopia x", WrongWhy::BadAddress, None),
        wrong("#tilldela x", WrongWhy::NoSuchAgent, None),
        wrong("#slå-ihop 9", WrongWhy::NoSuchTicket, None),
        wrong("#mall x", WrongWhy::NoSuchCanned, None),
        wrong("#skicka", WrongWhy::NothingWaits, None),
        wrong("#öppna", WrongWhy::Contradicts { other: "#stäng".to_owned() }, None),
        wrong("#notera", WrongWhy::MissingText, None),
        wrong("#dela", WrongWhy::NotYet, None),
        wrong("#export", WrongWhy::NotAllowed, None),
        wrong("#tilldela a", WrongWhy::Ambiguous { people: vec!["Anna".to_owned(), "Åsa".to_owned()] }, None),
        wrong("#filer", WrongWhy::NoFiles, None),
        wrong("#fråga karin@kund.example", WrongWhy::IsCustomer, None),
        wrong("#dela", WrongWhy::NothingBefore, None),
        wrong("#släpp 9", WrongWhy::NoSuchQuarantine, None),
        wrong("#x", WrongWhy::Other("så går det inte.".to_owned()), None),
    ];
    for language in Wording::languages() {
        for wrong in [all.clone(), all[..1].to_vec()] {
            let facts = RefusedFacts {
                number: Some(TicketNo(42)),
                subject: "Muggen kom fram trasig".to_owned(),
                wrong: wrong.clone(),
                draft: "#stng\nHej Karin!\n\nVi skickar en ny i dag.".to_owned(),
            };
            let page = refused(&voice(language, &zone), &facts);
            sound(&page);
            assert_eq!(page.text.matches("\n! ").count(), wrong.len());
            assert!(page.text.contains("#same-as"), "{}", page.text);
            if language == "sv" && wrong.len() == 1 {
                assert!(page.text.starts_with(include_str!("tests/refused.sv.txt")), "{}", page.text);
            }
            let page = refused(&voice(language, &zone), &RefusedFacts { number: None, ..facts });
            assert!(page.subject.ends_with(": Muggen kom fram trasig"));
        }
        sound(&help(&voice(language, &zone), None));
        let page = help(&voice(language, &zone), Some((TicketNo(42), "Muggen")));
        assert!(page.subject.ends_with(": [#42] Muggen"));
    }
}

#[test]
fn failures_give_the_servers_words() {
    let zone = zone();
    for language in Wording::languages() {
        for how in [FailedHow::Refused, FailedHow::GivenUp { after_s: 4 * Time::DAY }] {
            let facts = UndeliverableFacts {
                number: TicketNo(42),
                subject: "Muggen".to_owned(),
                how,
                recipients: vec![(address("karin@kund.example"), "550 5.1.1 No such\r\nuser".to_owned())],
                delivered: vec![address("sambo@kund.example")],
                written_at: time("2026-11-24T12:00:00Z"),
                text: "Hej!".to_owned(),
            };
            let page = undeliverable(&voice(language, &zone), &facts);
            sound(&page);
            assert!(page.text.contains("550 5.1.1 No such user") && page.text.contains("| Hej!"), "{}", page.text);
        }
        let from = |status: Option<&str>, diagnostic: Option<&str>| CameBackFrom {
            address: "karin@kund.example".to_owned(),
            status: status.map(str::to_owned),
            diagnostic: diagnostic.map(str::to_owned),
        };
        let facts = CameBackFacts {
            number: TicketNo(42),
            subject: "Muggen".to_owned(),
            recipients: vec![
                from(Some("5.1.1"), Some("550 5.1.1 unknown")),
                from(Some("5.2.2"), Some("full")),
                from(Some("5.0.0"), None),
                from(None, None),
            ],
            text: Some("Hej!".to_owned()),
        };
        let page = came_back(&voice(language, &zone), &facts);
        sound(&page);
        for words in ["550 5.1.1 unknown", "5.2.2 full", "5.0.0"] {
            assert!(page.text.contains(words), "{}", page.text);
        }
    }
}

#[test]
fn mail_that_is_not_proved_is_shown_inert() {
    let zone = zone();
    for language in Wording::languages() {
        for (n, why) in [NotProvedWhy::NotConfirmed, NotProvedWhy::NoServerIsTrusted, NotProvedWhy::UnknownAddress]
            .iter()
            .enumerate()
        {
            let mail = SetAside {
                from: "Anna <anna@evil.test>".to_owned(),
                at: time("2026-11-24T12:00:00Z"),
                subject: "Klicka https://evil.test/x nu".to_owned(),
                why: why.clone(),
            };
            let page = not_proved(&voice(language, &zone), &NotProvedFacts { mails: vec![mail; n + 1], more: n });
            sound(&page);
            for part in [&page.text, &page.html] {
                assert!(
                    !part.contains("https://evil") && !part.contains("evil.test") && !part.contains("<a "),
                    "{part}"
                );
                assert!(part.contains("evil[.]test/x"));
            }
        }
    }
}

#[test]
fn questions_have_choices() {
    let zone = zone();
    let whys = [
        AskedWhy::Forwarded { from: Some(party("Kund", "k@kund.example")), subject: "Hej".to_owned() },
        AskedWhy::Forwarded { from: None, subject: String::new() },
        AskedWhy::NoTicket,
        AskedWhy::Ticket(TicketNo(42)),
        AskedWhy::Commands(vec!["#away mon".to_owned()]),
        AskedWhy::CommandsOnly,
        AskedWhy::NothingWaits,
        AskedWhy::TooLate,
    ];
    for language in Wording::languages() {
        for why in &whys {
            let facts = AskedFacts {
                subject: "VB: Hej".to_owned(),
                why: why.clone(),
                taps: vec![Tap { what: TapWord::Yes, to: address("a+b@c.test") }],
                text: "Kan någon ta den?".to_owned(),
                until: Some(time("2026-11-25T09:00:00Z")),
            };
            let page = asked(&voice(language, &zone), &facts);
            sound(&page);
            assert!(page.text.contains("a+b@c.test") && page.text.contains("| Kan någon ta den?"));
        }
    }
}

#[test]
fn managers_and_colleagues_are_told_in_a_few_lines() {
    let zone = zone();
    let text = || "x".to_owned();
    let news = [
        ManagerNews::NotificationCameBack {
            agent: text(),
            address: address("a@b.test"),
            words: text(),
            now_with: None,
        },
        ManagerNews::NotificationCameBack {
            agent: text(),
            address: address("a@b.test"),
            words: text(),
            now_with: Some(text()),
        },
        ManagerNews::NobodyOnDuty { agents: Vec::new() },
        ManagerNews::NobodyOnDuty { agents: vec![text(), text()] },
        ManagerNews::TooManyAutomatic { limit: 2000, until: time("2026-11-24T13:00:00Z") },
        ManagerNews::AnswerFailed { agent: Some(text()), recipients: vec![text()], words: text() },
        ManagerNews::AnswerFailed { agent: None, recipients: vec![text()], words: text() },
        ManagerNews::Unreadable { quarantine: 7, why: text() },
        ManagerNews::Halted { why: text() },
        ManagerNews::Other { title: text(), paragraphs: vec![text(), text()] },
    ];
    for language in Wording::languages() {
        let voice = voice(language, &zone);
        for news in &news {
            sound(&to_manager(&voice, None, news));
            let page = to_manager(&voice, Some((TicketNo(42), "Muggen")), news);
            sound(&page);
            assert!(page.subject.ends_with(": [#42] Muggen") && page.text.contains("#42 (Muggen)"));
        }
        for by in [Some("Björn".to_owned()), None] {
            let facts = ColleagueFacts {
                number: TicketNo(42),
                subject: "Muggen".to_owned(),
                by,
                at: time("2026-11-24T12:00:00Z"),
            };
            let page = colleague_answered(&voice, &facts);
            sound(&page);
            assert_eq!((page.subject.as_str(), page.text.lines().count()), ("[#42] Muggen", 1));
            for from in [NoteFrom::Colleague, NoteFrom::Manager, NoteFrom::ThirdParty] {
                let page = note(&voice, &facts, from, "Ring henne.\nI dag.");
                sound(&page);
                assert!(page.text.contains("\nRing henne.\nI dag.\n"));
            }
        }
        sound(&files(&voice, (TicketNo(42), "Muggen"), &["film.mov".to_owned()]));
    }
}
