//! Claims parcels for free places, and makes of each what an outlet needs.

use std::sync::Arc;

use crate::config::settings::{self, NullSender, Settings};
use crate::engine::Engine;
use crate::engine::batch::{Batch, Done};
use crate::engine::event::Consignment;
use crate::model::{Address, Time};
use crate::plan::{Route, Sender};
use crate::store::{Claimed, Limits, Outlet, StoreError, Tx};

impl Engine {
    /// What the last holder of the lock had in hand when it died.
    pub(super) fn claimed_at_start(&mut self) -> Result<Vec<Consignment>, StoreError> {
        let settings = &self.settings;
        self.store.batch(|tx| {
            let claimed = tx.claimed_at_start()?;
            claimed.into_iter().map(|c| consign(tx, settings, c)).collect()
        })
    }
}

impl Batch<'_> {
    pub(super) fn claim(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        // What goes out once more takes a place, too.
        let taken = |outlet: &Outlet| done.send.iter().filter(|c| c.outlet == *outlet).count();
        let free = self.free.iter().map(|(o, p)| (o.clone(), p.saturating_sub(taken(o)))).filter(|(_, p)| *p > 0);
        let free = free.collect();
        let only_answers = done.doubt.is_some();
        let limits = |mailbox: &str| {
            let pace = self.settings.mailbox(mailbox).map(|m| m.pace(&self.settings.limits));
            let (mail_per_minute, mail_per_day) = pace.map_or((0, 0), |p| (p.mail_per_minute, p.mail_per_day));
            Limits { mail_per_minute, mail_per_day, only_answers }
        };
        for claimed in tx.claim(&free, now, &limits)? {
            done.send.push(consign(tx, self.settings, claimed)?);
        }
        Ok(())
    }
}

/// What an outlet needs to send a claimed parcel.
fn consign(tx: &mut Tx<'_>, settings: &Settings, claimed: Claimed) -> Result<Consignment, StoreError> {
    let (from, from_else) = envelope_sender(settings, &claimed.outlet, claimed.sender);
    Ok(Consignment {
        parcel: claimed.parcel,
        kind: claimed.kind,
        message_id: claimed.message_id,
        from,
        from_else,
        to: claimed.recipients,
        partly_settled: claimed.partly_settled,
        bytes: Arc::new(tx.bytes(claimed.parcel)?),
        keep_in_sent: claimed.keep_in_sent,
        created_at: claimed.created_at,
        outlet: claimed.outlet,
    })
}

/// RFC 3834, 3.3 wants the empty sender for automatic mail; some servers do not take it.
fn envelope_sender(settings: &Settings, outlet: &Outlet, sender: Sender) -> (Option<Address>, Option<Address>) {
    let or = match sender {
        Sender::Address(address) => return (Some(address), None),
        Sender::Null { or } => or,
    };
    let way = settings.mailbox(&outlet.mailbox).map(|m| match outlet.route {
        Route::Notify => m.notify_outlet.as_ref().unwrap_or(&m.outlet),
        Route::Mailbox => &m.outlet,
    });
    match way {
        Some(settings::Outlet::Smtp { null_sender: NullSender::Never, .. }) => (Some(or), None),
        Some(settings::Outlet::Smtp { null_sender: NullSender::Auto, .. }) => (None, Some(or)),
        _ => (None, None),
    }
}
