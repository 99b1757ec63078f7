//! A random month of a desk, from a seed: the script is a story, and what must hold of every desk is checked at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use svar::model::{Address, Direction, LetterNo, State, TicketNo, Time};

use crate::chance::Chance;
use crate::play::{Mail, Result, World, address};
use crate::story::read_story;

const CUSTOMERS: &[&str] = &["eva@kund.test", "per@kund.test", "kim@annan.test", "liv@annan.test", "bo@tredje.test"];
const ROBOTS: &[&str] = &["news@robot.test", "noreply@robot.test", "mailer-daemon@robot.test"];
const AGENTS: &[&str] = &["anna", "bjorn", "cissi"];
const SUBJECTS: &[&str] = &["Var är paketet?", "Retur", "Faktura", "Hej", "Byte av storlek", ""];
const FILES: &[&str] = &["bild.png", "kvitto.pdf", "rakning.txt"];
const MOODS: &[&str] = &["refuses", "defers", "vanishes", "accepts", "accepts", "accepts"];
const QUOTING: &[&str] = &["html", "outlook", "between", "none"];

/// A month in the making.
struct Month {
    world: World,
    chance: Chance,
    /// The story so far, for printing.
    script: String,
    words: usize,
    /// Message-IDs of customers' letters.
    customers_letters: Vec<String>,
    /// Who wrote which of their words.
    authors: BTreeMap<String, Address>,
    /// For each answer's word: the ticket of the notification that it answers.
    answers: BTreeMap<String, TicketNo>,
}

/// Plays the month of a seed and says what went wrong, with the script that leads there.
pub fn play(seed: u64, steps: usize) -> Result<Vec<Mail>> {
    let mut month = begin(seed)?;
    let played = month.live(steps).and_then(|()| month.judge());
    match played {
        Ok(()) => Ok(month.world.mails),
        Err(why) => Err(format!("seed {seed}: {why}\n{}", month.script)),
    }
}

/// The same in a storm, which strikes one statement in so many; how often it struck.
pub fn play_nasty(seed: u64, steps: usize, one_in: usize) -> Result<usize> {
    let mut month = begin(seed)?;
    month.world.unleash()?;
    let storm = month.world.storm.clone().ok_or("no storm")?;
    storm.rage(seed ^ 0x5717_a0c4, one_in);
    let played = month.live(steps).and_then(|()| {
        storm.calm();
        month.step("after 1d")?;
        month.judge()
    });
    let struck = storm.struck();
    match played {
        Ok(()) => Ok(struck.len()),
        Err(why) => Err(format!("seed {seed}: {why}\n{}\nstruck: {struck:#?}", month.script)),
    }
}

fn begin(seed: u64) -> Result<Month> {
    let mut chance = Chance::new(seed);
    let notify = chance.of(&["turn", "turn", "all"]);
    let plus = chance.of(&["true", "true", "false"]);
    let calendar = chance.of(&["all", "shop"]);
    let config = format!(
        "notify = \"{notify}\"\nplus_addressing = {plus}\nhours = \"day\"\ncalendar = \"{calendar}\"\n\
         [sla.standard]\nfirst_response = \"2h\"\nnext_response = \"3h\"\n[calendar.shop]\nmon-fri = [\"08:00-12:00\", \"13:00-17:00\"]\n\
         sat = [\"10:00-14:00\"]\n[calendar.all]\nmon-sun = [\"00:00-24:00\"]\n\
         [calendar.day]\nmon-fri = [\"08:00-17:00\"]\n[[agent]]\nname = \"Cissi Carlsson\"\naddresses = [\"cissi@example.test\"]\nmailboxes = [\"support\"]\n\
         [[manager]]\nname = \"Chefen\"\naddress = \"chef@example.test\"\n"
    );
    let mut script = String::from("config\n");
    for line in config.lines() {
        let _ = writeln!(script, "  | {line}");
    }
    let month = Month {
        world: World::new(&config)?,
        chance,
        script,
        words: 0,
        customers_letters: Vec::new(),
        authors: BTreeMap::new(),
        answers: BTreeMap::new(),
    };
    Ok(month)
}

impl Month {
    fn step(&mut self, lines: &str) -> Result {
        let _ = writeln!(self.script, "{lines}");
        for step in &read_story(lines)?.steps {
            self.world.step(step)?;
            if self.world.storm.is_none() {
                self.world.is_sound()?;
            }
        }
        Ok(())
    }

    /// A word that stands in one letter alone.
    fn word(&mut self, kind: char) -> String {
        self.words += 1;
        format!("{kind}ord{:03}x", self.words)
    }

    fn customers_word(&mut self, who: &str) -> String {
        let word = self.word('K');
        self.authors.extend(Address::parse(who).map(|a| (word.clone(), a)));
        word
    }

    fn live(&mut self, steps: usize) -> Result {
        for _ in 0..steps {
            match self.chance.below(40) {
                0..=7 => self.new_mail()?,
                8..=12 => self.customer_replies()?,
                13..=23 => self.agent_replies()?,
                24 => self.robot()?,
                25 => self.bounce()?,
                26..=27 => {
                    let who =
                        if self.chance.below(3) == 0 { self.chance.of(AGENTS) } else { self.chance.of(CUSTOMERS) };
                    let mood = self.chance.of(MOODS);
                    self.step(&format!("smtp {who} {mood}"))?;
                }
                28 => self.step("restart")?,
                29 if !self.world.written.is_empty() => self.step("again differently")?,
                30 => self.stranger()?,
                31..=32 => self.held_is_sent()?,
                33 => {
                    let minutes = 60 * (1 + self.chance.below(30));
                    self.step(&format!("after {minutes}m"))?;
                }
                _ => {
                    let minutes = 1 + self.chance.below(240);
                    self.step(&format!("after {minutes}m"))?;
                }
            }
        }
        for who in CUSTOMERS.iter().chain(AGENTS) {
            self.step(&format!("smtp {who} accepts"))?;
        }
        self.step("restart")?;
        self.step("after 6d")
    }

    /// Now and then a file or two, the same ones again and again.
    fn attached(&mut self) -> String {
        let files = match self.chance.below(12) {
            0 | 1 => 1,
            2 => 2,
            _ => 0,
        };
        (0..files).map(|_| format!(" attaches {}", self.chance.of(FILES))).collect()
    }

    fn new_mail(&mut self) -> Result {
        let (who, subject) = (self.chance.of(CUSTOMERS), self.chance.of(SUBJECTS));
        let cc = if self.chance.below(6) == 0 { format!(" cc {}", self.chance.of(CUSTOMERS)) } else { String::new() };
        let word = self.customers_word(who);
        let id = format!("{word}@kund.test");
        self.customers_letters.push(id.clone());
        let files = self.attached();
        self.step(&format!("{who} writes \"{subject}\"{cc} id {id}{files}\n  | Hej! {word}\n  | Hur gör jag?"))
    }

    /// A mail in a person's mailbox, any of the last few.
    fn some_mail(&mut self, who: &str) -> Result<Option<Mail>> {
        let owner = address(who)?;
        let all: Vec<&Mail> = self.world.mails.iter().rev().filter(|m| m.to == owner).take(6).collect();
        if all.is_empty() {
            return Ok(None);
        }
        let nth = self.chance.below(all.len());
        Ok(all.get(nth).map(|m| (*m).clone()))
    }

    fn customer_replies(&mut self) -> Result {
        let who = self.chance.of(CUSTOMERS);
        if self.some_mail(who)?.is_none() {
            return Ok(());
        }
        let text = match self.chance.below(6) {
            0 => "Tack så mycket!".to_owned(),
            _ => format!("Och en sak till. {}", self.customers_word(who)),
        };
        let auto = if self.chance.below(8) == 0 { " header \"Auto-Submitted: auto-replied\"" } else { "" };
        let files = self.attached();
        self.step(&format!("{who} replies{auto}{files}\n  | {text}"))
    }

    fn agent_replies(&mut self) -> Result {
        let who = self.chance.of(AGENTS);
        let Some(mail) = self.some_mail(who)? else { return Ok(()) };
        let Some(about) = words_of(&mail, 'K').into_iter().next() else { return Ok(()) };
        let owner = address(who)?;
        // The step answers the newest mail with this word.
        let answered = self.world.mails.iter().rev().find(|m| m.to == owner && m.letter.text.contains(&about));
        let Some(ticket) = answered.and_then(ticket_of) else { return Ok(()) };
        let command = match self.chance.below(12) {
            0 => "\n  | #close",
            1 => "\n  | #hold 2d",
            2 => "\n  | #take",
            3 => "\n  | #clsoe",
            4 => "\n  | #away 2d",
            _ => "",
        };
        let quoting =
            if self.chance.below(3) == 0 { format!(" quoting {}", self.chance.of(QUOTING)) } else { String::new() };
        let word = self.word('A');
        self.answers.insert(word.clone(), ticket);
        let text = match self.chance.below(10) {
            0 => format!("#note\n  | Internt. {word}"),
            1 => "#stäng".to_owned(),
            _ => format!("Så här är det. {word}"),
        };
        let files = self.attached();
        self.step(&format!("{who} replies about {about}{quoting}{files}{command}\n  | {text}"))
    }

    fn held_is_sent(&mut self) -> Result {
        let who = self.chance.of(AGENTS);
        let owner = address(who)?;
        let held = |m: &&Mail| m.to == owner && m.letter.subject.starts_with("Inte skickat");
        if self.world.mails.iter().rev().any(|m| held(&m)) {
            let word = self.chance.of(&["#send", "#drop"]);
            self.step(&format!("{who} replies about \"Inte skickat\"\n  | {word}"))?;
        }
        Ok(())
    }

    fn robot(&mut self) -> Result {
        let who = self.chance.of(ROBOTS);
        let header = self.chance.of(&["Auto-Submitted: auto-generated", "List-Id: <a.b>", "Return-Path: <>"]);
        let number = self.chance.below(20);
        self.step(&format!("{who} writes \"Nyhet [#{number}]\" header \"{header}\"\n  | Köp!"))
    }

    fn bounce(&mut self) -> Result {
        let who = if self.chance.below(2) == 0 { self.chance.of(CUSTOMERS) } else { self.chance.of(AGENTS) };
        let owner = address(who)?;
        if self.world.mails.iter().rev().find(|m| m.to == owner).is_some_and(|m| m.sender.is_some()) {
            let how = self.chance.of(&["", " delayed", " relayed"]);
            self.step(&format!("{who} bounces{how}"))?;
        }
        Ok(())
    }

    /// Somebody who knows a number, a Message-ID or even a signed address.
    fn stranger(&mut self) -> Result {
        let number = self.chance.below(20);
        let word = self.customers_word("mallory@evil.test");
        let id = format!("{word}@evil.test");
        self.customers_letters.push(id.clone());
        let agent = self.chance.of(AGENTS);
        let to = if self.some_mail(agent)?.is_some() && self.chance.below(2) == 0 {
            format!(" to-reply-address-of {agent}")
        } else {
            String::new()
        };
        let answers = self.customers_letters[self.chance.below(self.customers_letters.len())].clone();
        self.step(&format!(
            "mallory@evil.test writes \"Re: [#{number}]\" id {id} answers {answers}{to}\n  | Berätta. {word}"
        ))
    }

    // ---- what must hold -----------------------------------------------------------------------------------------------

    fn judge(&mut self) -> Result {
        let broken = self.world.violations();
        if !broken.is_empty() {
            return Err(format!("the database: {broken:#?}"));
        }
        let undecided = self.world.look(|tx| tx.to_read(LetterNo(0), 10))?;
        if !undecided.is_empty() {
            return Err(format!("{} letters are undecided", undecided.len()));
        }
        self.judge_sending()?;
        crate::alarms::judge(&mut self.world)?;
        self.judge_tickets()
    }

    /// Nothing goes out twice, but the same mail once more for each time that its result was unknown; nothing goes to robots.
    fn judge_sending(&self) -> Result {
        for ((id, to), times) in &self.world.accepted {
            let unknown = self.world.vanished.get(&(id.clone(), to.clone())).copied().unwrap_or(0);
            if *times > unknown + 1 {
                return Err(format!("{to} got {id} {times} times, and {unknown} results were unknown"));
            }
        }
        let robot = |m: &&Mail| ROBOTS.contains(&m.to.as_str()) || m.to.as_str().starts_with("support");
        if let Some(mail) = self.world.mails.iter().find(robot) {
            return Err(format!("{} got {:?}", mail.to, mail.letter.subject));
        }
        Ok(())
    }

    /// A letter in whose hands the desk has died again and again is kept whole and told to managers. In a storm any letter may be it.
    fn set_aside_after_deaths(&mut self) -> Result<Vec<String>> {
        if self.world.storm.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.world.look(|tx| tx.quarantine())?;
        let mut ids = Vec::new();
        for row in rows.iter().filter(|row| row.reason.contains("svar stopped while reading it")) {
            let raw = self.world.look(|tx| tx.raw(row.letter))?;
            ids.extend(svar::mail::read::read(&raw).message_id);
        }
        Ok(ids)
    }

    fn judge_tickets(&mut self) -> Result {
        let mut borne: BTreeMap<String, usize> = BTreeMap::new();
        let mut people: BTreeMap<TicketNo, BTreeSet<Address>> = BTreeMap::new();
        let mut survivors: BTreeMap<TicketNo, TicketNo> = BTreeMap::new();
        for number in (1..).map(TicketNo) {
            let Some(shown) = self.world.look(|tx| tx.show(number, Time::from_unix(0)))? else { break };
            for message in shown.messages.iter().filter(|m| m.direction == Direction::In) {
                if let Some(id) = &message.message_id {
                    *borne.entry(id.clone()).or_default() += 1;
                }
            }
            let named = shown.ticket.customer.iter().chain(&shown.participants).map(|p| p.address.clone());
            people.insert(number, named.collect());
            if shown.ticket.state == State::Merged {
                survivors.extend(shown.survivor.map(|s| (number, s)));
            }
        }
        for id in self.set_aside_after_deaths()? {
            *borne.entry(id).or_default() += 1;
        }
        for id in &self.customers_letters {
            let times = borne.get(id).copied().unwrap_or(0);
            if times != 1 {
                return Err(format!("the customer's mail {id} is on record {times} times"));
            }
        }
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let outside: Vec<&Mail> = self.world.mails.iter().filter(|m| m.to.domain() != "example.test").collect();
        for mail in outside {
            let answered = svar::desk::thread::numbers(&mail.letter.subject);
            let people_of = |t: &TicketNo| people.get(survivors.get(t).unwrap_or(t));
            for word in words_of(mail, 'K') {
                // An agent who answers between the lines and says so quotes the customer to herself and to those on Cc.
                let author = self.authors.get(&word).ok_or_else(|| format!("{word} was never written"))?;
                if !answered.iter().filter_map(people_of).any(|p| p.contains(author) && p.contains(&mail.to)) {
                    return Err(format!("{} was shown {author}'s words {word}", mail.to));
                }
            }
            for word in words_of(mail, 'A') {
                let ticket = self.answers.get(&word).copied().ok_or_else(|| format!("{word} was never written"))?;
                let ticket = survivors.get(&ticket).copied().unwrap_or(ticket);
                if !people.get(&ticket).is_some_and(|p| p.contains(&mail.to)) {
                    return Err(format!("{} takes no part in #{ticket} and got {word}", mail.to));
                }
                if is_unquoted(mail, &word) {
                    ids.entry(word).or_default().extend(mail.letter.message_id.clone());
                }
            }
        }
        match ids.iter().find(|(_, ids)| ids.len() > 1) {
            Some((word, ids)) => Err(format!("the answer {word} was sent as {ids:?}")),
            None => Ok(()),
        }
    }
}

fn ticket_of(mail: &Mail) -> Option<TicketNo> {
    let raw = String::from_utf8_lossy(&mail.raw);
    let line = raw.lines().find_map(|l| l.strip_prefix("X-Svar-Ticket: "))?;
    line.trim().parse().ok().map(TicketNo)
}

/// Whether the word stands in a line that quotes nothing.
fn is_unquoted(mail: &Mail, word: &str) -> bool {
    mail.letter.text.lines().any(|l| l.contains(word) && !l.starts_with('>'))
}

/// The marked words of a kind in a mail: `Kord007x`.
fn words_of(mail: &Mail, kind: char) -> Vec<String> {
    let mark = format!("{kind}ord");
    let text = format!("{} {}", mail.letter.subject, mail.letter.text);
    let found = text.match_indices(&mark).filter_map(|(at, _)| text.get(at..at + 8).map(str::to_owned));
    found.filter(|w| w.ends_with('x')).collect()
}
