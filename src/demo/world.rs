//! Everybody outside the desk: what customers, agents, a robot and a mail server do, and when. Pure, so that a week is the same each time.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::cast::{
    AGENTS, AWAY, CUSTOMERS, Customer, MISTYPED, MORE, Matter, ROBOT, SECOND_ANSWERS, SHOP, THANKS, WORDS,
};
use super::client;
use super::letters::{self, Mail, PHOTO};
use crate::mail::letter::Letter;
use crate::model::Time;
use crate::sla::calendar::Calendar;

/// Monday of the week that is played.
pub const MONDAY: Date = date(2026, 12, 7);
/// The customers who ask about the late carrier on Tuesday.
pub const FLOOD: std::ops::RangeInclusive<usize> = 10..=31;

/// Something that will happen.
#[derive(Debug)]
enum Happening {
    Writes {
        customer: usize,
        matter: Matter,
    },
    /// A customer answers a mail of ours.
    Answers {
        customer: usize,
        to: Box<Letter>,
        text: &'static str,
    },
    /// An agent has written an answer to a notification.
    AgentAnswers {
        agent: usize,
        to: Box<Letter>,
        customer: Option<usize>,
    },
    Robot {
        case: u32,
    },
    Away {
        to: Box<Letter>,
    },
    Bounce {
        to: String,
        back_to: String,
        returned: String,
    },
}

/// How many mails came in, by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    pub customers: u32,
    pub thanks: u32,
    pub agents: u32,
    pub robot: u32,
    pub away: u32,
    pub bounces: u32,
}

impl Came {
    pub const fn all(&self) -> u32 {
        self.customers + self.thanks + self.agents + self.robot + self.away + self.bounces
    }
}

/// One customer's side of the matter.
#[derive(Clone, Copy, Debug, Default)]
struct Customers {
    matter: Option<Matter>,
    answers: u32,
}

#[derive(Debug)]
pub struct World {
    zone: TimeZone,
    /// When agents work.
    hours: Calendar,
    coming: BTreeMap<(Time, u32), Happening>,
    serial: u32,
    customers: Vec<Customers>,
    /// When each agent has finished what lies before him.
    busy_until: Vec<Time>,
    pub came: Came,
    /// Mails to agents that a Reply of which goes nowhere: something was held, refused or came back.
    pub unanswered: u32,
    /// Mails of ours that the robot got.
    pub robot_got: u32,
}

impl World {
    /// The week lies ahead.
    pub fn new(zone: TimeZone, hours: Calendar) -> Self {
        let mut world = Self {
            zone,
            hours,
            coming: BTreeMap::new(),
            serial: 0,
            customers: vec![Customers::default(); CUSTOMERS.len()],
            busy_until: vec![Time::default(); AGENTS.len()],
            came: Came::default(),
            unanswered: 0,
            robot_got: 0,
        };
        world.plan_the_week();
        world
    }

    /// A moment of the week: the day counted from Monday, hour and minute in the shop's zone.
    pub fn moment(&self, day: i32, hour: i8, minute: i8) -> Time {
        let date = MONDAY.checked_add(jiff::Span::new().days(day)).unwrap_or(MONDAY);
        let zoned = date.at(hour, minute, 0, 0).to_zoned(self.zone.clone());
        Time::from_unix(zoned.map_or(0, |z| z.timestamp().as_second()))
    }

    pub fn begins(&self) -> Time {
        self.moment(0, 7, 30)
    }

    pub fn ends(&self) -> Time {
        self.moment(6, 20, 0)
    }

    fn plan_the_week(&mut self) {
        use Matter::{Broken, English, Exchange, Invoice, Late, Return, Stock};
        let ordinary: &[(i32, i8, i8, usize, Matter)] = &[
            (0, 7, 52, 0, Late),
            (0, 8, 40, 1, Return),
            (0, 9, 15, 2, Broken),
            (0, 10, 2, 3, Invoice),
            (0, 11, 20, 4, Exchange),
            (0, 13, 10, 5, Stock),
            (0, 14, 45, 6, Return),
            (0, 16, 20, 7, Invoice),
            (0, 21, 35, 8, Stock),
            (1, 8, 20, 32, Broken),
            (1, 15, 5, 33, Exchange),
            (2, 8, 12, 34, Invoice),
            (2, 9, 30, 35, Return),
            (2, 11, 5, 36, Stock),
            (2, 13, 40, 37, Broken),
            (2, 14, 20, 38, Exchange),
            (2, 16, 50, 39, Late),
            (3, 8, 5, 40, Invoice),
            (3, 10, 15, MISTYPED, Return),
            (3, 11, 45, 41, Late),
            (3, 13, 30, 42, Broken),
            (3, 15, 55, 43, Stock),
            (4, 9, 0, AWAY, Late),
            (4, 9, 50, 46, English),
            (4, 11, 10, 44, Exchange),
            (4, 14, 5, 47, English),
            (4, 16, 45, 45, Return),
            (5, 10, 30, 9, Stock),
            (5, 11, 0, 0, Invoice),
            (6, 14, 10, 3, Late),
            (6, 19, 30, 5, Exchange),
        ];
        for &(day, hour, minute, customer, matter) in ordinary {
            let at = self.moment(day, hour, minute);
            self.plan(at, Happening::Writes { customer, matter });
        }
        let mut at = self.moment(1, 9, 2);
        for (i, customer) in FLOOD.enumerate() {
            self.plan(at, Happening::Writes { customer, matter: Late });
            // Between two and eight minutes apart.
            at = at.plus(60 * (2 + (i as i64 * 5) % 7));
        }
        let at = self.moment(2, 10, 12);
        self.plan(at, Happening::Robot { case: 88_120 });
    }

    fn plan(&mut self, at: Time, what: Happening) {
        self.serial += 1;
        self.coming.insert((at, self.serial), what);
    }

    /// When something happens next.
    pub fn next(&self) -> Option<Time> {
        self.coming.keys().next().map(|k| k.0)
    }

    /// The mails that arrive at `now`.
    pub fn arrivals(&mut self, now: Time) -> Vec<Vec<u8>> {
        let mut mails = Vec::new();
        while let Some((&(at, serial), _)) = self.coming.first_key_value() {
            if at > now {
                break;
            }
            if let Some(what) = self.coming.remove(&(at, serial)) {
                mails.push(self.happens(what, at, serial));
            }
        }
        mails
    }

    fn happens(&mut self, what: Happening, at: Time, serial: u32) -> Vec<u8> {
        let mail = match what {
            Happening::Writes { customer, matter } => {
                self.came.customers += 1;
                self.customers[customer] = Customers { matter: Some(matter), answers: 0 };
                new_matter(customer, matter, serial)
            }
            Happening::Answers { customer, to, text } => {
                if THANKS.contains(&text) {
                    self.came.thanks += 1;
                } else {
                    self.came.customers += 1;
                }
                let mut mail = Mail::of(CUSTOMERS[customer], &again(&to.subject), text);
                mail.text.push_str(&quoted(&to));
                answering(mail, &to)
            }
            Happening::AgentAnswers { agent, to, customer } => {
                self.came.agents += 1;
                let text = self.answer(agent, customer);
                client::reply(&AGENTS[agent], &to, &text, &self.zone)
            }
            Happening::Robot { case } => {
                self.came.robot += 1;
                let subject = format!("Ärende {case} är registrerat");
                let text =
                    format!("Tack för ditt meddelande. Ditt ärende har nummer {case}.\nVi svarar så snart vi kan.");
                Mail::of(ROBOT, &subject, &text)
            }
            Happening::Away { to } => {
                self.came.away += 1;
                let text = "Jag är ledig till den 4 januari och läser mina mail då.";
                let mut mail = answering(Mail::of(CUSTOMERS[AWAY], &format!("Autosvar: {}", to.subject), text), &to);
                mail.headers.push("Auto-Submitted: auto-replied".to_owned());
                mail.from_nobody = true;
                mail
            }
            Happening::Bounce { to, back_to, returned } => {
                self.came.bounces += 1;
                return letters::bounce(&to, &back_to, &returned, at, serial, &self.zone);
            }
        };
        mail.bytes(at, serial, &self.zone)
    }

    /// What an agent writes to a customer, commands first.
    fn answer(&mut self, agent: usize, customer: Option<usize>) -> String {
        // A robot's confirmation needs no answer.
        let Some(customer) = customer else { return "#klar".to_owned() };
        let state = &mut self.customers[customer];
        state.answers += 1;
        let name = CUSTOMERS[customer].first_name();
        let pick = |from: &[&'static str]| from[(customer + agent) % from.len()].replace("{name}", name);
        if state.answers > 1 {
            return pick(SECOND_ANSWERS);
        }
        let words = WORDS.iter().find(|w| Some(w.matter) == state.matter).unwrap_or(&WORDS[0]);
        let text = pick(words.answers);
        if words.commands.is_empty() { text } else { format!("{}\n\n{text}", words.commands) }
    }

    /// A mail of ours has been delivered: `letter` is what its reader sees, `header` its header as sent.
    pub fn delivered(&mut self, letter: Letter, header: &str, now: Time) {
        let Some(to) = letter.to.first().map(|p| p.address.to_string()) else { return };
        let automatic = header.lines().any(|l| l.to_ascii_lowercase().starts_with("auto-submitted: auto"));
        if let Some(agent) = AGENTS.iter().position(|a| a.address == to) {
            self.agent_got(agent, letter, now);
        } else if to == ROBOT.address {
            self.robot_got += 1;
            let case = 88_120 + self.robot_got;
            self.plan(now.plus(40), Happening::Robot { case });
        } else if let (false, Some(customer)) = (automatic, CUSTOMERS.iter().position(|c| c.address == to)) {
            self.customer_got(customer, letter, header, now);
        }
    }

    fn agent_got(&mut self, agent: usize, letter: Letter, now: Time) {
        let names = |c: &Customer| letter.text.contains(c.address) || letter.text.contains(c.name);
        let customer = CUSTOMERS.iter().position(names);
        if customer.is_none() && !letter.text.contains(ROBOT.address) {
            return;
        }
        // Only what a Reply would go to the customer of; the rest is read and no more.
        let goes_out = letter.reply_to.first().and_then(|p| p.address.detail()).is_some_and(|d| d.starts_with('t'));
        if !goes_out {
            self.unanswered += 1;
            return;
        }
        let start = self.busy_until[agent].max(now);
        let pace_s = AGENTS[agent].pace_min * 60 + i64::from(self.serial % 5) * 45;
        let Some(done) = self.hours.add(start, pace_s) else { return };
        self.busy_until[agent] = done;
        self.plan(done, Happening::AgentAnswers { agent, to: Box::new(letter), customer });
    }

    fn customer_got(&mut self, customer: usize, letter: Letter, header: &str, now: Time) {
        let to = Box::new(letter);
        if customer == MISTYPED {
            let back_to = return_path(header).unwrap_or_else(|| SHOP.to_owned());
            let bounce =
                Happening::Bounce { to: CUSTOMERS[customer].address.to_owned(), back_to, returned: header.to_owned() };
            self.plan(now.plus(20), bounce);
        } else if customer == AWAY {
            self.plan(now.plus(30), Happening::Away { to });
        } else if self.customers[customer].answers == 1 && customer % 9 == 5 {
            let text = MORE[customer % MORE.len()];
            self.plan(now.plus(25 * 60), Happening::Answers { customer, to, text });
        } else if customer.is_multiple_of(4) {
            let text = THANKS[customer % THANKS.len()];
            self.plan(now.plus(40 * 60), Happening::Answers { customer, to, text });
        }
    }
}

fn return_path(header: &str) -> Option<String> {
    let line = header.lines().find(|l| l.starts_with("Return-Path:"))?;
    let address = line.split_once('<')?.1.split('>').next()?;
    (!address.is_empty()).then(|| address.to_owned())
}

fn new_matter(customer: usize, matter: Matter, serial: u32) -> Mail {
    let words = WORDS.iter().find(|w| w.matter == matter).unwrap_or(&WORDS[0]);
    let order = (40_000 + serial * 37).to_string();
    let pick = |from: &[&str]| from[(customer / 2 + serial as usize) % from.len()].replace("{order}", &order);
    let mut mail = Mail::of(CUSTOMERS[customer], &pick(words.subjects), &pick(words.texts));
    if matter == Matter::English {
        mail.text = mail.text.replace("Hälsningar", "Kind regards");
    }
    if mail.text.contains("Bild bifogas") {
        mail.attachment = Some(("kaffebryggaren.png", "image/png", PHOTO));
    }
    mail
}

fn again(subject: &str) -> String {
    if subject.starts_with("Re: ") { subject.to_owned() } else { format!("Re: {subject}") }
}

fn answering(mut mail: Mail, to: &Letter) -> Mail {
    mail.in_reply_to.clone_from(&to.message_id);
    mail.references.clone_from(&to.references);
    mail.references.extend(to.message_id.clone());
    mail
}

fn quoted(letter: &Letter) -> String {
    let lines: Vec<String> = letter.text.lines().map(|l| format!("> {l}").trim_end().to_owned()).collect();
    format!("\n{SHOP} skrev:\n{}\n", lines.join("\n"))
}
