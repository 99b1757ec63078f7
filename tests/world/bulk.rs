//! A bulk of a thousand that dies again and again: nothing is sent twice, none is forgotten.

use svar::model::{BulkNo, BulkState, Direction};
use svar::store::Query;

use crate::play::{Result, World};
use crate::story::read_story;

const CUSTOMERS: usize = 1000;
const DEATHS: usize = 15;

fn play(world: &mut World, script: &str) -> Result {
    for step in &read_story(script)?.steps {
        world.step(step).map_err(|e| format!("{}: {e}", step.words.join(" ")))?;
    }
    Ok(())
}

fn a_thousand_wait() -> Result<World> {
    let mut world = World::new("notify = \"none\"\n[acknowledge]\nwhen = \"never\"\n")?;
    play(&mut world, &format!("customers 1 {CUSTOMERS} write \"Paket\""))?;
    // One of them has two matters: one mail answers both.
    play(&mut world, "k7@kund.test writes \"Retur\"\n| Och min retur?\n")?;
    let asked = "anna writes \"Sena paket\" to support+desk@example.test\n| #bulk state:open\n|\n| Det kommer i morgon, {{ ticket.number }}.\n";
    play(&mut world, asked)?;
    play(&mut world, "expect mail to anna titled \"Till 1000 kunder?\" text \"1001 ärenden från 1000 kunder\"")?;
    Ok(world)
}

/// Each customer has it once, each ticket is answered once, and whoever sent it was told once.
fn all_have_it(world: &mut World) -> Result {
    for n in 1..=CUSTOMERS {
        let to = format!("k{n}@kund.test");
        let got = world.mails.iter().filter(|m| m.to.as_str() == to).count();
        if got != 1 {
            return Err(format!("{to} has {got} mails"));
        }
    }
    if let Some((what, times)) = world.accepted.iter().find(|(_, times)| **times > 1) {
        return Err(format!("{what:?} was accepted {times} times"));
    }
    let now = world.now;
    let all = Query::parse("number:1..9999").map_err(|e| e.to_string())?;
    for row in world.look(|tx| tx.tickets(&all, now))? {
        let shown = world.look(|tx| tx.show(row.number, now))?.ok_or("no such ticket")?;
        let out = shown.messages.iter().filter(|m| m.direction == Direction::Out).count();
        if out != 1 || row.state.as_str() != "pending" {
            return Err(format!("#{} is {} with {out} answers", row.number, row.state));
        }
    }
    let facts = world.look(|tx| tx.bulk(BulkNo(1)))?.ok_or("no bulk")?;
    if facts.state != BulkState::Over || facts.counts.sent != CUSTOMERS as i64 + 1 {
        return Err(format!("it ends as {facts:?}"));
    }
    let reports = world.mails.iter().filter(|m| m.letter.subject.starts_with("Skickat till 1000")).count();
    if reports != 1 {
        return Err(format!("{reports} reports"));
    }
    let wrong = world.violations();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:#?}")) }
}

#[test]
fn a_bulk_of_a_thousand_survives_any_death() {
    let story = || -> Result<usize> {
        let mut world = a_thousand_wait()?;
        // At another point each time: between writing and claiming, claiming and sending, sending and hearing of it.
        world.deaths = (0..DEATHS).map(|n| 2 + n * 7 % 23).collect();
        world.dies_after = Some(1);
        play(&mut world, "anna replies about \"Till 1000\"\n| #send\n")?;
        world.dies_after = None;
        play(&mut world, "after 1h")?;
        all_have_it(&mut world)?;
        Ok(world.died)
    };
    let died = story().expect("each has it once");
    assert_eq!(died, DEATHS + 1, "the last deaths were in the middle of it, too");
}
