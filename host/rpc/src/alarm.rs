//! A clock for loops that wait for whatever comes first: something that happens, or a time.

use std::{future, pin::Pin};

use tokio::time::{Instant, Sleep, sleep_until};

/// Rings at a time that may be another one in each round of a loop.
///
/// To set a timer for earlier than all others costs a system call. A loop whose time moves on with
/// every round would pay that each round; an alarm that is set already rings too early instead, once,
/// unheard.
#[derive(Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Waits until then; for ever where there is no time to wait for. May be given up and begun
    /// again with another time.
    pub async fn until(&mut self, due: Option<Instant>) {
        let Some(due) = due else {
            return future::pending().await;
        };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while Instant::now() < due {
            if sleep.is_elapsed() || sleep.deadline() > due {
                sleep.as_mut().reset(due);
            }
            sleep.as_mut().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn it_never_rings_early_whatever_it_was_set_for_before() {
        let start = Instant::now();
        let after = |millis| Some(start + Duration::from_millis(millis));
        let mut alarm = Alarm::default();
        alarm.until(after(0)).await;
        for (given_up, waited_for) in [(Some(50), 10), (Some(20), 30), (None, 70), (Some(90), 80)] {
            let given_up = given_up.and_then(after);
            // On a slow machine that time may have come.
            let _ = alarm.until(given_up).now_or_never();
            alarm.until(after(waited_for)).await;
            assert!(start.elapsed() >= Duration::from_millis(waited_for));
        }
        let far = Some(start + Duration::from_secs(3600));
        assert!(alarm.until(far).now_or_never().is_none());
        // Set for an hour from now, it rings for what has passed all the same.
        assert!(alarm.until(after(1)).now_or_never().is_some());
        assert!(alarm.until(None).now_or_never().is_none());
    }
}
