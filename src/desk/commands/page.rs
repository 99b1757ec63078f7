//! `docs/COMMANDS.md`, made from the table that parses.

use crate::desk::commands::{Entry, TABLE};
use crate::wording::Wording;

/// How the page is made again; stands in it.
const AGAIN: &str = "UPDATE_DOCS=1 cargo test --lib commands_page";

/// The page, whole.
#[must_use]
pub fn document() -> String {
    let mut page = format!(
        "# Commands\n\n\
         <!-- Made from the table in `src/desk/commands.rs` and the words in `src/lang/`; a test holds it to them.\n     \
         Not to be edited: `{AGAIN}` writes it anew. -->\n\n\
         A command stands on the first lines of an agent's mail, before any other text, one a line, behind a number sign. The words of\n\
         every language are understood at once, in capitals or not, with or without the marks of å ä ö. The text below the commands is\n\
         sent to the customer; a mail of commands alone sends nothing. If one line is wrong, nothing is done and nothing is sent, and the\n\
         mail comes back with what was wrong. Commands in quoted text and in signatures are plain text, and so are a customer's.\n"
    );
    for language in Wording::languages() {
        let words = Wording::of(language);
        page.push_str(&format!("\n## {language}\n\n| write | does | also |\n|---|---|---|\n"));
        for entry in TABLE.iter().filter(|e| e.is_here()) {
            page.push_str(&row(entry, words));
        }
    }
    page.push_str(
        "\n## Times and people\n\n\
         Times: `2d`, `3h`, `90m`, `1w`, `mon 09:00`, `tomorrow`, `imorgon 9`, `om 2 dagar`, `2026-12-01 08:00`, `1/12`, `24 dec 10:00`.\n\
         A day without a time is nine in the morning. `d` is a day of the calendar, not of opening hours.\n\n\
         People: a first name, an address, or any part of name or address that only one of them has.\n\n\
         ## The desk's own address\n\n\
         `#list`, `#show`, `#search`, `#stats`, `#digest`, `#answers` and `#help` ask the desk something. They may stand in any mail to it;\n\
         as a mail of their own they go to `support+desk@…` (the mailbox's address with `+desk`), several of them in one mail, and the\n\
         answers come to the writer's first address within seconds. Each agent is told of his own mailboxes. Where nothing proves who\n\
         wrote, twenty such mails an hour are answered to one person. Whatever changes something in a first mail to that address waits\n\
         for a `#send` in reply.\n\n\
         A query: words, and `state:open`, `mailbox:support`, `from:eva@example.test`, `agent:anna` (`agent:none`), `tag:late`,\n\
         `priority:high`, `subject:word`, `older:2h`, `newer:7d`, `overdue`, `number:1..99`; `-` before a term excludes it. Without one: all that\n\
         is not closed. The most urgent stands first; a hundred are shown. Days: `today`, `yesterday`, `week`, `last week`, `month`,\n\
         `last month`, `2026-11-01 2026-11-30`; digests: `daily`, `weekly`, `monthly`.\n\n\
         ## What goes together\n\n\
         `#close #open #done #pending #hold #spam #ignore` say where the ticket stands afterwards, `#note #called #ask #new` say where the\n\
         text goes: one of each group in one mail. `#cc`, `#uncc`, `#customer`, `#same-as` and `#split` are done before the text is sent,\n\
         all others after it.\n\n\
         ## Canned answers\n\n\
         `#canned NAME` sends the text of that name, in the customer's language where there is one; the beginning of a name that only one has\n\
         is enough. The agent's own text, if there is any (a greeting or a signature is none), stands above it. What waits for `#send` bears\n\
         the text as it was filled. `#note` and `#called` go with no canned answer: notes are the agent's own words. With `#new` there is\n\
         no ticket yet, so `ticket.number` and `code` have no value; with `#split` there is none either.\n\n\
         A canned answer may name `customer.name`, `customer.first_name`, `customer.address`, `ticket.number`, `ticket.subject`,\n\
         `agent.name`, `agent.first_name`, `desk.name`, `mailbox.address`, `order`, `tracking_number`, `tracking_link`, `carrier.name`,\n\
         `carrier.phone` and `code`, each in double braces; `{% if order %} … {% endif %}` asks whether there is one. What has no value in\n\
         the ticket is not sent, and the mail comes back with the names of what is missing. A code leaves once: refused, dropped and\n\
         stopped answers keep theirs for the same ticket.\n",
    );
    page
}

fn row(entry: &Entry, words: &Wording) -> String {
    let key = entry.key;
    let of = |section: &str| words.list_of(&format!("{section}.{key}"));
    let Some((first, rest)) = of("keyword").split_first() else { return String::new() };
    let write = match of("example") {
        [] => format!("`#{first}`"),
        examples => {
            examples.iter().map(|e| format!("`#{first} {e}`").replace(" `", "`")).collect::<Vec<_>>().join("<br>")
        }
    };
    let does = words.word_if_known(&format!("commands.{key}")).unwrap_or_default().replace('\u{a0}', " ");
    let also: Vec<String> = rest.iter().map(|w| format!("`#{w}`")).collect();
    format!("| {write} | {does} | {} |\n", also.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_page_is_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/COMMANDS.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let stands = std::fs::read_to_string(path).unwrap_or_default();
        assert!(stands == document(), "docs/COMMANDS.md is stale: {AGAIN}");
    }

    /// What the page for an agent's first day shows can be written so.
    #[test]
    fn examples_in_the_pages_for_agents_are_right() {
        let zone = jiff::tz::TimeZone::UTC;
        let ground = crate::desk::commands::Ground { now: crate::model::Time::from_unix(0), zone: &zone };
        for page in [include_str!("../../../docs/AGENTS.md"), include_str!("../../../docs/AGENTS.sv.md")] {
            let examples: Vec<String> = page
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|e| e.starts_with('#'))
                .map(|e| e.replace('…', "eva@example.test"))
                .collect();
            assert!(examples.len() > 20);
            for example in examples {
                let parsed = crate::desk::commands::parse(&example, &ground);
                assert!(parsed.wrong.is_empty() && parsed.commands.len() == 1, "{example}: {parsed:?}");
            }
        }
    }
}
