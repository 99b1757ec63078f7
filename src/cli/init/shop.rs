//! The questions about the shop: its name and hours, who works there and how, who gets the figures.

use jiff::tz::TimeZone;

use super::account::Mailbox;
use super::draft::{Mode, Work, is_always};
use super::interview::{Person, Question, answer, confirm, missing, stopped};
use super::options::Init;
use super::people::{Human, capitalised, clash, human};
use super::place::{Surroundings, holidays};
use crate::cli::error::CommandError;
use crate::config::LANGUAGES;
use crate::config::provider::Provider;
use crate::model::Address;
use crate::sla::calendar::wall;
use crate::sla::holidays::Country;
use crate::sla::hours::{HoursError, Week, parse_week, runs};

const HOURS: &str = "mon-fri 9-17";
const DAY_NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The answers.
#[derive(Debug)]
pub struct Shop {
    pub desk: String,
    pub language: String,
    pub time_zone: String,
    pub week: Week,
    pub holidays: Option<Country>,
    pub agents: Vec<Human>,
    pub work: Work,
    pub managers: Vec<Human>,
    pub mode: Mode,
}

pub fn shop(
    person: &mut dyn Person,
    wanted: &Init,
    mailbox: &Mailbox,
    around: &Surroundings,
) -> Result<Shop, CommandError> {
    let domain = mailbox.address.domain();
    let default = shop_name(&mailbox.address);
    let asked = Question { text: "The shop's name, as customers see it", option: "--desk", default: Some(&default) };
    let desk = answer(person, asked, wanted.desk.as_deref(), |text| {
        let is_one = !text.trim().is_empty() && !text.contains(char::is_control);
        is_one.then(|| text.trim().to_owned()).ok_or_else(|| "write it on one line".to_owned())
    })?;
    let asked = Question {
        text: "Language of mails to customers (sv or en)",
        option: "--language",
        default: Some(around.language(domain)),
    };
    let language = answer(person, asked, wanted.language.as_deref(), |text| {
        let known = LANGUAGES.contains(&text);
        known.then(|| text.to_owned()).ok_or_else(|| format!("svar speaks {}", LANGUAGES.join(" and ")))
    })?;
    let own = around.time_zone(domain);
    let asked = Question { text: "Time zone", option: "--time-zone", default: own.as_deref() };
    let time_zone = answer(person, asked, wanted.time_zone.as_deref(), |text| {
        let known = TimeZone::get(text).is_ok();
        known
            .then(|| text.to_owned())
            .ok_or_else(|| format!("{text} is no time zone; write a name such as Europe/Stockholm"))
    })?;
    let week = hours(person, wanted)?;
    let holidays = closed_on(person, wanted, domain, &time_zone, &week)?;
    let (agents, work) = agents(person, wanted, &mailbox.address)?;
    let managers = managers(person, wanted, &mailbox.address, &agents)?;
    let mode = mode(person, wanted)?;
    Ok(Shop { desk, language, time_zone, week, holidays, agents, work, managers, mode })
}

/// What the address suggests: the domain's own label, or the address's first part at a provider's.
fn shop_name(address: &Address) -> String {
    let domain = address.domain();
    match Provider::of_domain(domain) {
        // Everybody's domain says nothing.
        Some(provider) if provider.domains.contains(&domain) => return capitalised(address.local()),
        Some(_) => return capitalised(domain.split('.').next().unwrap_or(domain)),
        None => {}
    }
    let labels: Vec<&str> = domain.split('.').collect();
    // `shop.co.uk` is Shop, not Co.
    let own = labels.iter().rev().skip(1).find(|l| l.len() > 3).or_else(|| labels.iter().rev().nth(1));
    capitalised(own.unwrap_or(&domain))
}

fn hours(person: &mut dyn Person, wanted: &Init) -> Result<Week, CommandError> {
    let asked = Question {
        text: "Opening hours, in words (\"mån-fre 9-17, lör 10-14\", \"weekdays 8-16\", \"24/7\")",
        option: "--hours",
        default: Some(HOURS),
    };
    loop {
        let mut doubt = None;
        let read = |text: &str| match parse_week(text) {
            Ok(week) if week.iter().all(Vec::is_empty) => Err("it is never open".to_owned()),
            Ok(week) => Ok(Some(week)),
            Err(HoursError::Doubtful { written, likely }) if wanted.hours.is_none() => {
                doubt = Some((text.to_owned(), written, likely));
                Ok(None)
            }
            Err(error) => Err(error.to_string()),
        };
        let week = match (answer(person, asked, wanted.hours.as_deref(), read)?, doubt) {
            (Some(week), _) => week,
            (None, Some((text, written, likely))) => {
                if !confirm(person, &format!("Is {written} the same as {likely}?"), true)? {
                    person.tell("  Then write both times with minutes, such as 21:00-05:00.")?;
                    continue;
                }
                match parse_week(&text.replace(&written, &likely)) {
                    Ok(week) => week,
                    Err(error) => {
                        person.tell(&format!("  {error}."))?;
                        continue;
                    }
                }
            }
            (None, None) => continue,
        };
        person.tell(&format!("  Open {}", in_words(&week)))?;
        if wanted.hours.is_some() || !person.is_there() || confirm(person, "Is that right?", true)? {
            return Ok(week);
        }
    }
}

/// `Monday to Friday 09:00-17:00; Saturday 10:00-14:00; closed on Sunday.`
pub fn in_words(week: &Week) -> String {
    if is_always(week) {
        return "day and night, every day.".to_owned();
    }
    let days = |first: usize, last: usize| match last - first {
        0 => DAY_NAMES[first].to_owned(),
        1 => format!("{} and {}", DAY_NAMES[first], DAY_NAMES[last]),
        6 => "every day".to_owned(),
        _ => format!("{} to {}", DAY_NAMES[first], DAY_NAMES[last]),
    };
    let (closed, open): (Vec<_>, Vec<_>) = runs(week).into_iter().partition(|(_, _, hours)| hours.is_empty());
    let mut parts: Vec<String> = Vec::new();
    for (first, last, hours) in open {
        let hours: Vec<String> = hours.iter().copied().map(wall).collect();
        parts.push(format!("{} {}", days(first, last), hours.join(" and ")));
    }
    if !closed.is_empty() {
        let shut: Vec<String> = closed.into_iter().map(|(first, last, _)| days(first, last)).collect();
        parts.push(format!("closed on {}", shut.join(", ")));
    }
    format!("{}.", parts.join("; "))
}

fn closed_on(
    person: &mut dyn Person,
    wanted: &Init,
    domain: &str,
    time_zone: &str,
    week: &Week,
) -> Result<Option<Country>, CommandError> {
    let known: Vec<&str> = Country::ALL.iter().map(|c| c.code()).collect();
    let text = format!("Closed on public holidays of ({} or none)", known.join(" "));
    let default = holidays(domain, time_zone).filter(|_| !is_always(week)).map_or("none", Country::code);
    let asked = Question { text: &text, option: "--holidays", default: Some(default) };
    answer(person, asked, wanted.holidays.as_deref(), |text| match Country::parse(&text.to_ascii_uppercase()) {
        Some(country) => Ok(Some(country)),
        None if text.eq_ignore_ascii_case("none") => Ok(None),
        None => Err(format!("the holidays of {text} are not known; write one of {} or none", known.join(", "))),
    })
}

/// Who answers, and how they work.
fn agents(person: &mut dyn Person, wanted: &Init, mailbox: &Address) -> Result<(Vec<Human>, Work), CommandError> {
    let mut agents: Vec<Human> = Vec::new();
    for text in &wanted.agent {
        let agent = human(text).and_then(|one| clash(&one, &agents, mailbox, "agent").map_or(Ok(one), Err));
        agents.push(agent.map_err(|why| CommandError::usage(format!("--agent: {why}")))?);
    }
    if wanted.agent.is_empty() && person.is_there() && wanted.work != Some(Work::Shared) {
        person.tell("Who answers customers? A name and an own address each, such as Anna Andersson <anna@example.test>;\nan empty line when all are told.")?;
        loop {
            let question = format!("Agent {}: ", agents.len() + 1);
            let typed = person.ask(&question)?.ok_or_else(stopped)?;
            if typed.trim().is_empty() {
                break;
            }
            match human(&typed).and_then(|one| clash(&one, &agents, mailbox, "agent").map_or(Ok(one), Err)) {
                Ok(agent) => agents.push(agent),
                Err(why) => person.tell(&format!("  {why}."))?,
            }
        }
    }
    if agents.is_empty() {
        if !person.is_there() && wanted.work != Some(Work::Shared) && wanted.manager.is_empty() {
            return Err(
                missing("--agent").hint("Where nobody is to be told of new mail: --work shared --manager ADDR.")
            );
        }
        return Ok((agents, Work::Shared));
    }
    let asked = Question {
        text: "How do they work? turn: one on duty at a time, all: each is told of all, shared: in the shared mailbox",
        option: "--work",
        default: Some("turn"),
    };
    let given = wanted.work.and_then(|w| clap::ValueEnum::to_possible_value(&w)).map(|v| v.get_name().to_owned());
    let work = answer(person, asked, given.as_deref(), |text| match text.to_lowercase().as_str() {
        "turn" | "in turn" => Ok(Work::Turn),
        "all" => Ok(Work::All),
        "shared" | "none" => Ok(Work::Shared),
        _ => Err("write turn, all or shared".to_owned()),
    })?;
    Ok((agents, work))
}

fn managers(
    person: &mut dyn Person,
    wanted: &Init,
    mailbox: &Address,
    agents: &[Human],
) -> Result<Vec<Human>, CommandError> {
    // An agent who is named by his address alone has his name.
    let read = |text: &str| -> Result<Human, String> {
        let one = human(text)?;
        let known = agents.iter().find(|a| a.address == one.address && !text.contains('<'));
        Ok(known.cloned().unwrap_or(one))
    };
    if wanted.manager.iter().any(|text| text == "none") {
        return Ok(Vec::new());
    }
    let mut managers: Vec<Human> = Vec::new();
    for text in &wanted.manager {
        let manager = read(text).and_then(|one| clash(&one, &managers, mailbox, "manager").map_or(Ok(one), Err));
        managers.push(manager.map_err(|why| CommandError::usage(format!("--manager: {why}")))?);
    }
    if !managers.is_empty() {
        return Ok(managers);
    }
    let first = agents.first().map(|a| format!("{} <{}>", a.name, a.address));
    let asked = Question {
        text: "Who gets the figures each morning, and is told if something is wrong?",
        option: "--manager",
        default: first.as_deref(),
    };
    let manager = answer(person, asked, None, |text| {
        if text == "none" {
            return Ok(None);
        }
        read(text).and_then(|one| clash(&one, &[], mailbox, "manager").map_or(Ok(Some(one)), Err))
    })?;
    Ok(manager.into_iter().collect())
}

fn mode(person: &mut dyn Person, wanted: &Init) -> Result<Mode, CommandError> {
    if wanted.mode.is_none() && person.is_there() {
        person.tell(
            "For the first week `watch` is best: svar reads and measures, the mailbox stays as it is, and nobody but\nmanagers gets mail. One word in the file makes it a desk.",
        )?;
    }
    let given = wanted.mode.and_then(|m| clap::ValueEnum::to_possible_value(&m)).map(|v| v.get_name().to_owned());
    let asked = Question { text: "watch or desk", option: "--mode", default: Some("watch") };
    answer(person, asked, given.as_deref(), |text| match text.to_lowercase().as_str() {
        "watch" => Ok(Mode::Watch),
        "desk" => Ok(Mode::Desk),
        _ => Err("write watch or desk".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_understood_is_said() {
        let check = |text: &str, expect: &str| assert_eq!(in_words(&parse_week(text).unwrap()), expect);
        check(
            "mån-fre 9-12 13-17, lör 10-14",
            "Monday to Friday 09:00-12:00 and 13:00-17:00; Saturday 10:00-14:00; closed on Sunday.",
        );
        check("24/7", "day and night, every day.");
        check("alla dagar 10-22", "every day 10:00-22:00.");
        check(
            "tue 9-12, fri-sat 9-12",
            "Tuesday 09:00-12:00; Friday and Saturday 09:00-12:00; closed on Monday, Wednesday and Thursday, Sunday.",
        );
    }

    #[test]
    fn the_address_suggests_a_name() {
        let check = |address: &str, expect: &str| assert_eq!(shop_name(&Address::parse(address).unwrap()), expect);
        check("info@exempelbutiken.se", "Exempelbutiken");
        check("info@butik.co.uk", "Butik");
        check("info@mail.butik.test", "Butik");
        check("butiken@gmail.com", "Butiken");
        check("info@butiken.onmicrosoft.com", "Butiken");
        check("info@ab.se", "Ab");
    }
}
