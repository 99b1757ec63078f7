//! To whoever hears of delays: a clock of a ticket is past its target. A Reply is a note to the assignee.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{Party, TicketNo, Time, Wait, one_line};

#[derive(Clone, Debug)]
pub struct BreachFacts {
    pub number: TicketNo,
    pub subject: String,
    pub wait: Wait,
    pub customer: Option<Party>,
    pub since: Time,
    /// When the target was used up.
    pub due_at: Time,
    /// The assignee's name, and whether he is on duty.
    pub assignee: Option<(String, bool)>,
    /// An answer is in the outbox.
    pub under_way: bool,
    /// What the customer has written since she waits; empty: nothing.
    pub text: String,
}

#[must_use]
pub fn breach(voice: &Voice<'_>, facts: &BreachFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let key = match facts.wait {
        Wait::Response => "breach.response",
        Wait::Resolution => "breach.resolution",
    };
    let (who, when, due) = (voice.who(facts.customer.as_ref()), voice.moment(facts.since), voice.moment(facts.due_at));
    sheet.say(&words.say(key, context! { who, when, due }));
    let with = match &facts.assignee {
        Some((agent, true)) => words.say("breach.assigned", context! { agent => one_line(agent) }),
        Some((agent, false)) => words.say("breach.assigned_away", context! { agent => one_line(agent) }),
        None => words.word("breach.nobody"),
    };
    sheet.say(&if facts.under_way { format!("{with} {}", words.word("breach.under_way")) } else { with });
    if !facts.text.trim().is_empty() {
        sheet.letter(&facts.text);
    }
    sheet.small(&words.word("manager.reply"));
    let subject = super::subject::for_agent(facts.number, &facts.subject);
    sheet.done(words.language(), words.say("breach.subject", context! { subject }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;
    use crate::wording::Wording;

    #[test]
    fn it_says_who_waits_and_with_whom_it_lies() {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let at = |text: &str| Time::parse_rfc3339(text).unwrap();
        let facts = |assignee: Option<(&str, bool)>, under_way: bool| BreachFacts {
            number: TicketNo(42),
            subject: "Muggen kom fram trasig".to_owned(),
            wait: Wait::Response,
            customer: Some(Party::new("Maja Svensson", Address::parse("maja@kund.test").unwrap())),
            since: at("2026-11-24T11:40:00Z"),
            due_at: at("2026-11-24T12:40:00Z"),
            assignee: assignee.map(|(name, there)| (name.to_owned(), there)),
            under_way,
            text: "Hej,\n\nmuggen är sprucken.".to_owned(),
        };
        let page = |language: &str, facts: &BreachFacts| {
            breach(&Voice { language, zone: &zone, now: at("2026-11-24T12:40:01Z"), desk: "Exempelbutiken" }, facts)
        };
        let nobody = page("sv", &facts(None, false));
        assert_eq!(nobody.subject, "Sent: [#42] Muggen kom fram trasig");
        assert_eq!(
            nobody.text.lines().take(4).collect::<Vec<_>>(),
            [
                "Maja Svensson <maja@kund.test> har väntat på svar sedan i dag 12:40. Svaret",
                "skulle ha gått i dag 13:40.",
                "",
                "Ingen har tagit ärendet.",
            ]
        );
        assert!(nobody.text.contains("muggen är sprucken.") && nobody.text.contains("aldrig till kunden"));
        let check = |language: &str, facts: BreachFacts, words: &str| {
            let page = page(language, &facts);
            assert!(page.text.contains(words) && page.html.contains(words), "{words}: {}", page.text);
        };
        check("sv", facts(Some(("Anna", true)), false), "Anna har ärendet.");
        check("sv", facts(Some(("Anna", false)), false), "Anna har ärendet men är inte på plats.");
        check("en", facts(Some(("Anna", true)), true), "Anna has it. An answer is written but has not gone out yet.");
        check("en", BreachFacts { wait: Wait::Resolution, ..facts(None, false) }, "should have been closed");
        for language in Wording::languages() {
            let hostile = BreachFacts { text: "<script>x</script>".to_owned(), ..facts(None, false) };
            assert!(!page(language, &hostile).html.contains("<script"));
        }
    }
}
