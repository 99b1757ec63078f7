//! `svar audit`: how fast has a mailbox been answered so far? The same intake as an import's, into a database that is thrown away, and
//! the same figures as `svar stats`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config;
use crate::config::settings::Settings;
use crate::desk::Rules;
use crate::desk::canned::Library;
use crate::desk::history::side;
use crate::desk::sign::Key;
use crate::engine::Engine;
use crate::engine::clock::Now;
use crate::engine::figures as engine_figures;
use crate::engine::history::{Filing, Past};
use crate::history::pump::{Pulled, Pump, Wants};
use crate::history::source::Source;
use crate::history::survey::{Survey, survey};
use crate::history::{HistoryError, Progress, Tally, Watch, commonest};
use crate::model::{Address, Kind, Time};
use crate::plan::Folder;
use crate::sla::calendar::Calendar;
use crate::sla::figures::{Detail, Figures, Period};
use crate::store::Store;

/// Text enough of the longest letters; attachments are not measured.
const LIMIT_BYTES: u64 = 256 * 1024;
/// Letters that are taken from the readers in one go.
const TAKE: usize = 512;
/// What the one mailbox is called.
const NAME: &str = "audit";
/// Addresses that may have been forgotten are named if they stand on so many letters.
const WORTH_NAMING: usize = 3;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Mail from them is an answer, mail to them from anyone else a customer's. Never empty.
    pub addresses: Vec<Address>,
    pub calendar: Calendar,
    /// Days begin in it.
    pub zone: TimeZone,
    pub zone_name: String,
    /// Both inclusive; `None`: all there is.
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Audit {
    /// As `svar stats --json` has them.
    pub figures: Figures,
    pub tally: Tally,
    /// Who wrote sent mail, beside the addresses that were named.
    pub writers: Vec<Address>,
    /// Addresses that look like ours and were not named: colleagues of an address by their domain, who wrote so many letters.
    pub colleagues: Vec<(Address, usize)>,
    /// To whom letters were addressed that were left out.
    pub elsewhere: Vec<(Address, usize)>,
}

/// Measures the letters of `sources`. `None`: there is no letter with a time in them.
///
/// # Errors
/// A source cannot be read, or the temporary database.
pub fn audit(sources: Vec<Source>, wishes: &Wishes, now: Now, watch: Watch<'_>) -> Result<Option<Audit>, HistoryError> {
    let is_named = |a: &Address| wishes.addresses.contains(a) || wishes.addresses.contains(&a.plain());
    let surveyed = survey(&sources, &is_named, now.wall, watch)?;
    let Some((first, last)) = surveyed.entries.first().zip(surveyed.entries.last()) else { return Ok(None) };
    let day = |at: Time| at.timestamp().to_zoned(wishes.zone.clone()).date();
    let period = Period {
        from: wishes.from.unwrap_or_else(|| day(first.received_at)),
        to: wishes.to.unwrap_or_else(|| day(last.received_at)),
        zone: wishes.zone.clone(),
    };
    let writers: Vec<Address> = surveyed.writers.keys().filter(|a| !is_named(a)).cloned().collect();
    let settings = Arc::new(settings(wishes, &writers)?);
    let mut intake = Intake {
        engine: Engine::on(Store::throwaway()?, settings.clone(), Key::new(&[0; 32]))?,
        tally: Tally {
            letters: surveyed.letters,
            implausible: surveyed.implausible,
            unreadable: surveyed.unreadable,
            ..Tally::default()
        },
        wishes,
        settings: settings.clone(),
        library: Library::default(),
        key: Key::new(&[0; 32]),
        colleagues: BTreeMap::new(),
        elsewhere: BTreeMap::new(),
    };
    intake.run(sources, surveyed, now, watch)?;
    let Intake { mut engine, tally, colleagues, elsewhere, .. } = intake;
    let figures = engine_figures::of(engine.store(), &settings, &period, None, now.wall, Detail::Clocks)?;
    let named = |mut list: Vec<(Address, usize)>| {
        list.retain(|(_, letters)| *letters >= WORTH_NAMING);
        list
    };
    Ok(Some(Audit {
        figures,
        tally,
        writers,
        colleagues: named(commonest(&colleagues, 5)),
        elsewhere: named(commonest(&elsewhere, 5)),
    }))
}

struct Intake<'a> {
    engine: Engine,
    tally: Tally,
    wishes: &'a Wishes,
    settings: Arc<Settings>,
    library: Library,
    key: Key,
    colleagues: BTreeMap<Address, usize>,
    elsewhere: BTreeMap<Address, usize>,
}

impl Intake<'_> {
    fn run(&mut self, sources: Vec<Source>, surveyed: Survey, now: Now, watch: Watch<'_>) -> Result<(), HistoryError> {
        let of = surveyed.entries.len();
        let mut pump = Pump::start(sources, surveyed, BTreeSet::new(), Wants::Measure, LIMIT_BYTES)?;
        let mut waiting: VecDeque<Past> = VecDeque::new();
        let mut done = 0;
        loop {
            let pulled = pump.take(TAKE)?;
            if pulled.is_empty() {
                return Ok(());
            }
            for letter in pulled {
                done += 1;
                match letter {
                    Pulled::Letter(past) if self.is_wanted(&past) => waiting.push_back(*past),
                    Pulled::Letter(_) => self.tally.elsewhere += 1,
                    Pulled::Known => {}
                    Pulled::Gone => self.tally.unreadable += 1,
                }
            }
            while !waiting.is_empty() {
                let became = self.engine.take_past(now, NAME, Filing::Measured, waiting.make_contiguous())?;
                waiting.drain(..became.len().min(waiting.len()));
                became.into_iter().for_each(|b| self.tally.count(b));
            }
            watch(Progress::Reading { done, of });
        }
    }

    /// Whether the letter is from or to one of the addresses. A letter that names nobody (Bcc) was to them: it lies here.
    fn is_wanted(&mut self, past: &Past) -> bool {
        let Ok(letter) = &past.reading else { return true };
        if letter.kind != Kind::Person || side(letter, past.folder, &self.rules()) == Folder::Sent {
            return true;
        }
        let mut to = letter.to.iter().chain(&letter.cc).map(|p| &p.address).chain(&letter.delivered_to).peekable();
        let is_to_us = to.peek().is_none() || to.any(|a| self.is_named(a));
        if let Some(from) = letter.from.as_ref().map(|p| &p.address)
            && is_to_us
            && self.wishes.addresses.iter().any(|a| a.domain() == from.domain())
        {
            *self.colleagues.entry(from.clone()).or_default() += 1;
        }
        if !is_to_us && let Some(other) = letter.to.first().or(letter.cc.first()) {
            *self.elsewhere.entry(other.address.clone()).or_default() += 1;
        }
        is_to_us
    }

    fn rules(&self) -> Rules<'_> {
        Rules { settings: &self.settings, key: &self.key, library: &self.library }
    }

    fn is_named(&self, address: &Address) -> bool {
        self.wishes.addresses.contains(address) || self.wishes.addresses.contains(&address.plain())
    }
}

/// A desk that only watches, with the one mailbox that is measured. Who else writes for it is an agent.
fn settings(wishes: &Wishes, writers: &[Address]) -> Result<Settings, HistoryError> {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let Some((first, others)) = wishes.addresses.split_first() else {
        return Err(HistoryError::Settings("there is no address".to_owned()));
    };
    let mut text = format!(
        "[desk]\nname = \"audit\"\nlanguage = \"en\"\ntime_zone = {}\ndata_dir = \".\"\n\
         [[mailbox]]\nname = \"{NAME}\"\naddress = {}\nmode = \"watch\"\npipe = true\n",
        quoted(&wishes.zone_name),
        quoted(first.as_str())
    );
    for agent in others.iter().chain(writers) {
        let agent = quoted(agent.as_str());
        text.push_str(&format!("[[agent]]\nname = {agent}\naddresses = [{agent}]\nmailboxes = [\"{NAME}\"]\n"));
    }
    let read = config::read(std::path::Path::new("audit"), &text);
    let mut settings = read.map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        HistoryError::Settings(mistakes.join("; "))
    })?;
    for mailbox in &mut settings.mailboxes {
        mailbox.aliases = others.to_vec();
        settings.calendars.insert(mailbox.calendar.clone(), wishes.calendar.clone());
    }
    Ok(settings)
}
