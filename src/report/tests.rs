//! Digests of days that were made up: good, terrible, empty, and a year of them.
//!
//! With `DIGESTS=DIR` they are written there as pages and as text, to be looked at.

mod shop;

use jiff::civil::{Date, date};

use crate::report::digest::{Digest, digest};
use crate::report::html::escape;
use crate::report::kind::{Days, Kind};
use crate::report::page::Block;
use crate::report::say::per_cent;
use crate::report::{ByAgent, KeptOut, Matter, Told, tally};
use crate::sla::figures::Figures;
use shop::{ORDINARY, QUIET, Shop, Sort, TERRIBLE, names};

fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(jiff::Span::new().days(1)).take_while(move |d| *d <= to)
}

/// Weeks of ordinary days, and one of `sort` at the end.
fn weeks(last: Date, sort: Option<Sort>) -> Shop {
    let mut shop = Shop::new(7);
    for day in days(last.saturating_sub(jiff::Span::new().days(70)), last) {
        let of_day = if day == last { sort } else { Some(if day.day() % 5 == 0 { ORDINARY } else { QUIET }) };
        if let Some(sort) = of_day {
            shop.day(day, sort);
        }
    }
    shop
}

struct Case<'a> {
    name: &'a str,
    shop: &'a Shop,
    kind: Kind,
    today: Date,
    told: Vec<Told>,
    by_agent: ByAgent,
}

impl Case<'_> {
    fn made(&self, language: &str) -> (Digest, [Figures; 5]) {
        let now = self.shop.at(self.today, 7, 30);
        let figures = self.shop.all(self.kind, now);
        let [this, before, year_before, stretch, since] = &figures;
        let notices = ["Beställ senast 18 december för leverans före jul.".to_owned()];
        let names = names();
        let made = digest(&Matter {
            kind: self.kind,
            desk: "Exempelbutiken",
            language,
            zone: &self.shop.zone,
            now,
            this,
            before,
            year_before,
            stretch,
            since,
            waiting_past_target: [stretch, since].iter().map(|f| tally::responses(f).past_target).sum(),
            told: &self.told,
            names: &names,
            notices: &notices[..usize::from(self.name == "terrible")],
            incidents: &[],
            kept_out: KeptOut { robots: 12, bounces: 2 },
            by_agent: self.by_agent,
        });
        if let Some(dir) = std::env::var_os("DIGESTS") {
            let file = |ending: &str| std::path::Path::new(&dir).join(format!("{}-{language}.{ending}", self.name));
            std::fs::write(file("html"), made.whole_page()).unwrap();
            std::fs::write(file("txt"), format!("{}\n\n{}", made.subject, made.text())).unwrap();
        }
        (made, figures)
    }
}

/// What must be true of every digest.
fn check_form(name: &str, made: &Digest, figures: &Figures) {
    let (text, html) = (made.text(), made.html());
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 76).collect();
    assert!(long.is_empty(), "{name}: {long:#?}");
    let is_phrase = |l: &&str| l.contains("digest.") || l.contains("{{");
    assert_eq!(text.lines().find(is_phrase), None, "{name}");
    assert!(html.contains("color-scheme") && html.contains("prefers-color-scheme") && !html.contains("<svg"), "{name}");
    for picture in made.pictures() {
        let dimension = |at: usize| u32::from_be_bytes(picture.png[at..at + 4].try_into().unwrap());
        assert_eq!((&picture.png[1..4], dimension(16)), (&b"PNG"[..], 720), "{name} {}", picture.name);
        assert!(picture.png.len() < 60_000 && !picture.alt.is_empty(), "{name}");
        assert_eq!(html.matches(&format!("src=\"cid:{}\"", picture.content_id())).count(), 1, "{name}");
        assert!(html.contains(&format!("alt=\"{}\"", escape(&picture.alt))), "{name}");
    }
    assert_eq!(made.pictures().count(), 3, "{name}");
    // Gmail cuts a mail off after 102 kB.
    assert!(html.len() < 95_000, "{name}: {} bytes", html.len());
    let page = made.whole_page();
    assert!(!page.contains("cid:") && page.matches("src=\"data:image/png;base64,").count() == 3, "{name}");
    assert!(!page.contains("http://") && !page.contains("https://"), "{name}: it needs nothing else");

    // The text says what the HTML says.
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let has = |words: &str| {
        let plain = words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        assert!(flat.contains(&plain), "{name}: the text lacks {words:?}\n{text}");
        assert!(html.to_lowercase().contains(&escape(words).to_lowercase()), "{name}: the HTML lacks {words:?}");
    };
    for block in &made.page.blocks {
        match block {
            Block::Title { name, period, as_at } => [name, period, as_at].into_iter().for_each(|w| has(w)),
            Block::Tiles(tiles) => {
                tiles.iter().for_each(|t| [&t.value, &t.label, &t.remark].into_iter().for_each(|w| has(w)))
            }
            Block::Sentences(sentences) => {
                assert!((1..=5).contains(&sentences.len()), "{name}: {sentences:#?}");
                sentences.iter().for_each(|w| has(w));
            }
            Block::Notice(w) | Block::Heading(w) | Block::Line(w) | Block::Small(w) => has(w),
            Block::Bar(pieces) => pieces.iter().for_each(|p| has(&p.name)),
            Block::Bars(rows) => rows.iter().for_each(|r| [&r.label, &r.value].into_iter().for_each(|w| has(w))),
            Block::Table(table) => {
                table.heads.iter().chain(table.rows.iter().flat_map(|r| &r.cells)).for_each(|w| has(w));
                assert!(
                    table.rows.iter().all(|r| r.is_group || r.cells.len() == table.heads.len()),
                    "{name}: {table:#?}"
                );
            }
            Block::List(items) => items.iter().for_each(|i| {
                has(&i.head);
                i.lines.iter().for_each(|w| has(w));
            }),
            Block::Picture(_) => {}
        }
    }
    check_figures(name, made, figures);
}

/// The figures of the page, of the table of clocks and of the JSON are the same figures.
fn check_figures(name: &str, made: &Digest, figures: &Figures) {
    let json = serde_json::to_value(figures).unwrap();
    let csv = String::from_utf8(made.csv.clone()).unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|h| h == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.unwrap()).collect();
    let (mut within_all, mut of_all) = (0, 0);
    for (kind, of) in [
        ("first_response", &figures.first_response),
        ("next_response", &figures.next_response),
        ("resolution", &figures.resolution),
    ] {
        let rows: Vec<_> = rows.iter().filter(|r| &r[column("clock")] == kind).collect();
        let state = |word: &str| rows.iter().filter(|r| &r[column("state")] == word).count();
        let number = |key: &str| json[kind][key].as_u64().unwrap() as usize;
        assert_eq!(rows.len(), number("started"), "{name} {kind}");
        assert_eq!(state("met"), number("within_target"), "{name} {kind}");
        assert_eq!(state("met") + state("breached"), number("stopped") + number("past_target"), "{name} {kind}");
        let mut stopped: Vec<i64> = rows
            .iter()
            .filter(|r| !r[column("stopped_at")].is_empty() && &r[column("state")] != "cancelled")
            .map(|r| r[column("elapsed_s")].parse().unwrap())
            .collect();
        stopped.sort_unstable();
        assert_eq!(tally::median(&stopped), json[kind]["median_s"].as_i64(), "{name} {kind}");
        for band in &of.bands {
            let of_band =
                rows.iter().filter(|r| r[column("band")] == band.name && &r[column("state")] != "cancelled").count();
            assert_eq!(of_band, band.count, "{name} {kind} {}", band.name);
        }
        if kind != "resolution" {
            within_all += number("within_target");
            of_all += number("stopped") + number("past_target");
        }
    }
    assert_eq!((made.told.within, made.told.of), (within_all, of_all), "{name}");
    let share = per_cent(within_all, of_all);
    let tile =
        made.page.blocks.iter().find_map(|b| if let Block::Tiles(t) = b { Some(t[0].clone()) } else { None }).unwrap();
    let digits: String = tile.value.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits.parse().ok(), share, "{name}");
    assert!(share.is_none_or(|n| made.subject.contains(&n.to_string())), "{name}: {}", made.subject);
    // The days' bars and the period's are the same.
    let by_day = tally::by_day(&figures.clocks, &jiff::tz::TimeZone::get("Europe/Stockholm").unwrap());
    let all = tally::share(&by_day, Days { from: figures.from, to: figures.to });
    assert_eq!(all, (within_all, of_all), "{name}");
}

fn check(case: &Case<'_>, subjects: [&str; 2]) -> Digest {
    let mut swedish = None;
    for (language, subject) in ["sv", "en"].into_iter().zip(subjects) {
        let (made, figures) = case.made(language);
        assert_eq!(made.subject, subject, "{} {language}", case.name);
        check_form(&format!("{} {language}", case.name), &made, &figures[0]);
        swedish.get_or_insert(made);
    }
    swedish.unwrap()
}

fn tuesday<'a>(name: &'a str, shop: &'a Shop) -> Case<'a> {
    Case { name, shop, kind: Kind::Daily, today: date(2026, 12, 9), told: Vec::new(), by_agent: ByAgent::Counts }
}

fn opening(made: &Digest) -> String {
    made.page.blocks.iter().find_map(|b| if let Block::Sentences(s) = b { Some(s.join(" ")) } else { None }).unwrap()
}

#[test]
fn a_good_day() {
    let shop = weeks(date(2026, 12, 8), Some(QUIET));
    let made = check(
        &tuesday("good", &shop),
        ["Igår: 93 % inom målet, ingen väntar över tiden", "Yesterday: 93% within target, none waiting past target"],
    );
    assert!(opening(&made).contains("en vanlig tisdag"), "{}", opening(&made));
}

#[test]
fn a_terrible_day() {
    let mut shop = weeks(date(2026, 12, 8), Some(TERRIBLE));
    let (from, to) = (shop.at(date(2026, 12, 8), 10, 2), shop.at(date(2026, 12, 8), 11, 20));
    shop.outage(from, to);
    let told = [5, 6, 7].map(|d| Told { from: date(2026, 12, d), to: date(2026, 12, d), within: 9, of: 10 });
    let made = check(
        &Case { told: told.to_vec(), ..tuesday("terrible", &shop) },
        ["Igår: 28 % inom målet, 33 väntar över tiden", "Yesterday: 28% within target, 33 waiting past target"],
    );
    let said = opening(&made);
    assert!(said.contains("Brevlådan support kunde inte läsas 10:02–11:20."), "{said}");
    assert!(said.contains("Mest ökade ”postnord”"), "{said}");
}

#[test]
fn a_day_on_which_nothing_came() {
    let shop = weeks(date(2026, 12, 8), None);
    let made = check(
        &tuesday("nothing", &shop),
        ["Igår: 100 % inom målet, ingen väntar över tiden", "Yesterday: 100% within target, none waiting past target"],
    );
    assert!(opening(&made).starts_with("Det kom inga nya ärenden; en vanlig tisdag är det 26."), "{}", opening(&made));
    let nobody = ["Igår: inga mail, ingen väntar över tiden", "Yesterday: no mail, none waiting past target"];
    let made = check(&tuesday("first", &Shop::new(1)), nobody);
    assert_eq!(opening(&made), "Det kom inga nya ärenden. När ni öppnade väntade ingen på svar.");
}

#[test]
fn a_year() {
    let mut shop = Shop::new(3);
    for day in days(date(2025, 10, 20), date(2026, 12, 6)) {
        let sort = match day.month() {
            12 if day.day() % 3 == 0 => Sort { tickets: 40, ..TERRIBLE },
            11 | 12 => Sort { tickets: 20, ..ORDINARY },
            _ => Sort { tickets: 6, ..QUIET },
        };
        shop.day(day, sort);
    }
    let case = |name, kind, today| Case { name, shop: &shop, kind, today, told: Vec::new(), by_agent: ByAgent::Full };
    check(
        &case("week", Kind::Weekly, date(2026, 12, 7)),
        ["Vecka 49: 52 % inom målet, 8 väntar över tiden", "Week 49: 52% within target, 8 waiting past target"],
    );
    check(
        &case("month", Kind::Monthly, date(2026, 12, 1)),
        ["Nov 2026: 66 % inom målet, 67 väntar över tiden", "Nov 2026: 66% within target, 67 waiting past target"],
    );
}

#[test]
fn persons_are_named_as_far_as_the_owner_wants() {
    let shop = weeks(date(2026, 12, 8), Some(TERRIBLE));
    let text = |by_agent: ByAgent| Case { by_agent, ..tuesday("persons", &shop) }.made("sv").0.text();
    let (none, counts, full) = (text(ByAgent::None), text(ByAgent::Counts), text(ByAgent::Full));
    assert!(!none.contains("Anna") && !none.contains("Björn") && none.contains("en handläggare"), "{none}");
    let row =
        |text: &str| text.lines().find(|l| l.starts_with("  Anna Andersson")).map(|l| l.split_whitespace().count());
    assert_eq!(row(&counts), Some(3), "{counts}");
    assert!(row(&full) > Some(4), "{full}");
}

#[test]
fn what_was_told_and_is_so_no_more_is_said() {
    let shop = weeks(date(2026, 12, 8), Some(QUIET));
    let case = tuesday("told", &shop);
    let (_, figures) = case.made("sv");
    let tallies = tally::by_day(&figures[3].clocks, &shop.zone);
    let true_of = |day: Date| tally::share(&tallies, Days { from: day, to: day });
    let (saturday, monday) = (date(2026, 12, 5), date(2026, 12, 7));
    let (within, of) = true_of(saturday);
    let told =
        vec![Told { from: saturday, to: saturday, within, of }, Told { from: monday, to: monday, within: 1, of: 4 }];
    let (made, _) = Case { told, ..tuesday("told", &shop) }.made("sv");
    let changed = made.text().lines().find(|l| l.starts_with("Ändrat")).map(str::to_owned).unwrap();
    let (within, of) = true_of(monday);
    let now = per_cent(within, of).unwrap();
    assert_eq!(changed, format!("Ändrat sedan det berättades: mån 7 dec 25 % → {now} %."));
}

#[test]
fn the_same_matter_is_the_same_bytes() {
    let shop = weeks(date(2026, 12, 8), Some(TERRIBLE));
    let case = tuesday("same", &shop);
    assert_eq!(case.made("sv").0, case.made("sv").0);
}
