//! A digest: its verdict in the subject, its page, its charts, and its table of clocks.

use minijinja::context;

use crate::report::html::{Pictures, html};
use crate::report::kind::{Days, Kind};
use crate::report::page::{Block, Page, Picture};
use crate::report::say::Say;
use crate::report::tally::responses;
use crate::report::text::text;
use crate::report::{Matter, Told, csv, sections};

/// A finished digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Says the verdict in words.
    pub subject: String,
    pub page: Page,
    /// What the table of clocks is called.
    pub csv_name: String,
    pub csv: Vec<u8>,
    /// What is to be remembered of it.
    pub told: Told,
}

impl Digest {
    /// The text part.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.page)
    }

    /// The HTML part, whose pictures are parts of the mail.
    #[must_use]
    pub fn html(&self) -> String {
        html(&self.page, Pictures::Attached)
    }

    /// One page that needs nothing else.
    #[must_use]
    pub fn whole_page(&self) -> String {
        html(&self.page, Pictures::Within)
    }

    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.page.blocks.iter().filter_map(|b| match b {
            Block::Picture(picture) => Some(picture),
            _ => None,
        })
    }
}

/// Makes a digest. Same matter, same bytes.
#[must_use]
pub fn digest(matter: &Matter<'_>) -> Digest {
    let say = Say::new(matter.language, matter.zone, matter.now);
    let days = Days { from: matter.this.from, to: matter.this.to };
    let csv_name = format!("svar-{}-{}.csv", matter.kind.as_str(), days.from);
    let subject = subject(matter, &say, days);
    let page = Page {
        language: say.words.language().to_owned(),
        title: format!("{}: {}", matter.desk, say.period(matter.kind, days)),
        blocks: sections::blocks(matter, &say, &csv_name),
    };
    let all = responses(matter.this);
    Digest {
        subject,
        page,
        csv_name,
        csv: csv::csv(&matter.this.clocks, matter.by_agent),
        told: Told { from: days.from, to: days.to, within: all.within, of: all.of },
    }
}

/// `Igår: 82 % inom målet, 3 väntar över tiden`
fn subject(matter: &Matter<'_>, say: &Say<'_>, days: Days) -> String {
    let yesterday = Kind::Daily.covers(say.date_of(matter.now));
    let when = if matter.kind == Kind::Daily && days == yesterday {
        say.word("yesterday")
    } else {
        let short = say.short(matter.kind, days);
        let mut chars = short.chars();
        chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
    };
    let all = responses(matter.this);
    let came = matter.this.by_hour.iter().map(|h| h.customer_messages).sum::<usize>() + matter.this.tickets.opened;
    let verdict = match (all.of, came) {
        (0, 0) => say.word("nothing_came"),
        (0, _) => say.word("nothing_measured"),
        (of, _) => say.with("share_within", context! { share => say.share(all.within, of) }),
    };
    let waiting = match matter.waiting_past_target {
        0 => say.word("nobody_over"),
        n => say.with("some_over", context! { n }),
    };
    say.with("subject", context! { when, verdict, waiting })
}
