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
