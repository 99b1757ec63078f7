//! What systemd is told (sd_notify). Without systemd nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    // A supervisor that does not listen changes nothing for us.
    let _ = sd_notify::notify(states);
}

pub fn ready() {
    tell(&[NotifyState::Ready]);
}

pub fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in hand")]);
}

/// SIGHUP has come. [`ready`] ends it.
pub fn reloading() {
    // systemd wants the time with it, or takes the reload for failed.
    match NotifyState::monotonic_usec_now() {
        Ok(time) => tell(&[NotifyState::Reloading, time]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] must be said, if at all: half of the time that the unit allows.
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}
