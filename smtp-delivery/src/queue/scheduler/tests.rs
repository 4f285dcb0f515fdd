use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn name(text: &str) -> Arc<str> {
    text.into()
}

/// All destinations are alike to it.
fn scheduler() -> Scheduler {
    let alike = Limits { unproven: 1.0, proof: Duration::ZERO, ..Limits::default() };
    Scheduler::new(Limits { total: 8, destination: 4, initial: 2, failures: 2, ..alike })
}

/// Takes what is next as if there were `waiting` jobs.
fn take(scheduler: &mut Scheduler, waiting: usize, now: SystemTime) -> Option<(Arc<str>, usize)> {
    let (name, max) = scheduler.next(now)?;
    let taken = waiting.min(max);
    scheduler.leased(&name, max, taken, (waiting > max).then_some(now), now);
    Some((name, taken))
}

#[test]
fn destinations_have_turns() {
    let mut scheduler = scheduler();
    for letter in ["a", "b", "c"] {
        scheduler.waits(&name(letter), at(0), at(0));
    }
    for letter in ["a", "b", "c"] {
        assert_eq!(take(&mut scheduler, 100, at(0)), Some((name(letter), 2)));
    }
    // All have what they get at once.
    assert_eq!(scheduler.next(at(0)), None);
    scheduler.ended(&name("b"), Health::Answers, at(1));
    assert_eq!(take(&mut scheduler, 100, at(1)), Some((name("b"), 2)));
    assert_eq!(scheduler.wake_at(), None);
}

#[test]
fn no_more_than_the_total_is_under_way() {
    let mut scheduler = scheduler();
    for number in 0..10 {
        scheduler.waits(&name(&number.to_string()), at(0), at(0));
    }
    let taken: usize = std::iter::from_fn(|| take(&mut scheduler, 9, at(0))).map(|(_, taken)| taken).sum();
    assert_eq!(taken, 8);
    scheduler.ended(&name("0"), Health::Unknown, at(0));
    assert_eq!(take(&mut scheduler, 9, at(0)), Some((name("4"), 1)));
}

#[test]
fn what_is_due_later_is_taken_later() {
    let mut scheduler = scheduler();
    scheduler.waits(&name("a"), at(9), at(0));
    scheduler.waits(&name("b"), at(5), at(0));
    scheduler.waits(&name("a"), at(7), at(0));
    assert_eq!((scheduler.next(at(4)), scheduler.wake_at()), (None, Some(at(5))));
    assert_eq!(take(&mut scheduler, 1, at(5)), Some((name("b"), 1)));
    assert_eq!((scheduler.next(at(6)), scheduler.wake_at()), (None, Some(at(7))));
    assert_eq!(take(&mut scheduler, 1, at(7)), Some((name("a"), 1)));
}

#[test]
fn what_comes_while_jobs_are_taken_is_not_forgotten() {
    let mut scheduler = scheduler();
    scheduler.waits(&name("a"), at(0), at(0));
    let (taken, max) = scheduler.next(at(0)).unwrap();
    scheduler.waits(&taken, at(0), at(0));
    assert_eq!(scheduler.next(at(0)), None);
    scheduler.leased(&taken, max, 0, None, at(0));
    assert_eq!(scheduler.next(at(0)), Some((taken, 2)));
}

#[test]
fn a_destination_that_answers_gets_more_at_once() {
    let mut scheduler = scheduler();
    let a = name("a");
    scheduler.waits(&a, at(0), at(0));
    assert_eq!(take(&mut scheduler, 100, at(0)), Some((a.clone(), 2)));
    for expected in [2, 2] {
        scheduler.ended(&a, Health::Answers, at(0));
        assert_eq!(take(&mut scheduler, 100, at(0)), Some((a.clone(), expected)));
    }
    for _ in 0..5 {
        // Four at once are the most.
        scheduler.ended(&a, Health::Answers, at(0));
        assert_eq!(take(&mut scheduler, 100, at(0)), Some((a.clone(), 1)));
    }
}

#[test]
fn a_destination_that_fails_is_left_alone_longer_and_longer() {
    let mut scheduler = scheduler();
    let a = name("a");
    scheduler.waits(&a, at(0), at(0));
    assert_eq!(take(&mut scheduler, 100, at(0)), Some((a.clone(), 2)));
    scheduler.ended(&a, Health::Fails, at(0));
    scheduler.ended(&a, Health::Fails, at(0));
    let mut now = 0;
    for alone in [60, 120, 240, 480, 960, 1800, 1800] {
        assert_eq!(scheduler.next(at(now + alone - 1)), None, "{alone}");
        assert_eq!(scheduler.wake_at(), Some(at(now + alone)));
        now += alone;
        // One is enough to find out.
        assert_eq!(take(&mut scheduler, 100, at(now)), Some((a.clone(), 1)));
        assert_eq!(scheduler.next(at(now)), None);
        scheduler.ended(&a, Health::Fails, at(now));
    }
    now += 1800;
    assert_eq!(take(&mut scheduler, 100, at(now)), Some((a.clone(), 1)));
    scheduler.ended(&a, Health::Answers, at(now));
    assert_eq!(take(&mut scheduler, 100, at(now)), Some((a.clone(), 2)));
}

#[test]
fn others_do_not_wait_for_one_that_fails() {
    let mut scheduler = scheduler();
    let (dead, alive) = (name("dead"), name("alive"));
    scheduler.waits(&dead, at(0), at(0));
    scheduler.waits(&alive, at(0), at(0));
    for now in 0..1000 {
        while let Some((destination, taken)) = take(&mut scheduler, 1_000_000, at(now)) {
            let health = if destination == dead { Health::Fails } else { Health::Answers };
            assert!(destination == alive || taken <= 2);
            for _ in 0..taken {
                scheduler.ended(&destination, health, at(now));
            }
            if destination == alive {
                break;
            }
        }
    }
    scheduler.forgive(&dead, at(1000));
    assert!(std::iter::from_fn(|| take(&mut scheduler, 1, at(1000))).any(|(name, _)| name == dead));
}

#[test]
fn failures_are_remembered_for_a_time_where_nothing_waits() {
    let mut scheduler = scheduler();
    let a = name("a");
    for now in [0, 1] {
        scheduler.waits(&a, at(now), at(now));
        assert_eq!(take(&mut scheduler, 1, at(now)), Some((a.clone(), 1)));
        scheduler.ended(&a, Health::Fails, at(now));
    }
    scheduler.waits(&a, at(2), at(2));
    assert_eq!((scheduler.next(at(2)), scheduler.wake_at()), (None, Some(at(61))));
    assert_eq!(take(&mut scheduler, 1, at(61)), Some((a.clone(), 1)));
    scheduler.ended(&a, Health::Fails, at(61));
    assert_eq!(scheduler.wake_at(), Some(at(61 + 1800)));
    assert_eq!(scheduler.next(at(61 + 1800)), None);
    assert!(scheduler.destinations.is_empty() && scheduler.later.is_empty());
}

#[test]
fn nothing_is_kept_of_whom_nothing_waits_for() {
    let mut scheduler = scheduler();
    for number in 0..100 {
        let destination = name(&number.to_string());
        scheduler.waits(&destination, at(0), at(0));
        assert_eq!(take(&mut scheduler, 1, at(0)), Some((destination.clone(), 1)));
        scheduler.ended(&destination, Health::Answers, at(0));
    }
    assert!(scheduler.destinations.is_empty() && scheduler.ready.is_empty() && scheduler.later.is_empty());
    assert_eq!(scheduler.active, 0);
}

#[test]
fn a_clock_that_is_set_back_leaves_nobody_alone_for_longer() {
    let mut scheduler = scheduler();
    let a = name("a");
    scheduler.waits(&a, at(0), at(0));
    assert_eq!(take(&mut scheduler, 100, at(0)), Some((a.clone(), 2)));
    for _ in 0..2 {
        scheduler.ended(&a, Health::Fails, at(500_000));
    }
    assert_eq!(scheduler.wake_at(), Some(at(500_060)));
    scheduler.set_back(at(1));
    assert_eq!(scheduler.wake_at(), Some(at(1801)));
    scheduler.forgive_all(at(2));
    assert_eq!(take(&mut scheduler, 100, at(2)), Some((a, 1)));
}

/// Takes what there is for whoever has a turn; how many deliveries each gets.
fn take_all(scheduler: &mut Scheduler, now: SystemTime) -> HashMap<Arc<str>, usize> {
    let mut all = HashMap::new();
    while let Some((name, taken)) = take(scheduler, 1_000_000, now) {
        *all.entry(name).or_default() += taken;
    }
    all
}

#[test]
fn those_who_never_answer_leave_places_to_those_who_do() {
    let mut scheduler = Scheduler::new(Limits { initial: 20, ..Limits::default() });
    let good = name("good");
    scheduler.waits(&good, at(0), at(0));
    assert_eq!(take(&mut scheduler, 1, at(0)), Some((good.clone(), 1)));
    scheduler.ended(&good, Health::Answers, at(0));
    for number in 0..40 {
        scheduler.waits(&name(&format!("tarpit{number}")), at(1), at(1));
    }
    let taken = take_all(&mut scheduler, at(1));
    assert_eq!(taken.values().sum::<usize>(), 150);
    assert!(!scheduler.is_full());
    // It has answered, though nothing has waited for it for a while.
    scheduler.waits(&good, at(1000), at(1000));
    for _ in 0..1000 {
        let (next, taken) = take(&mut scheduler, 1, at(1000)).expect("there are places for it");
        assert_eq!((&next, taken), (&good, 1));
        scheduler.ended(&good, Health::Answers, at(1000));
        scheduler.waits(&good, at(1000), at(1000));
    }
    // Whoever shares waits for others who do.
    assert_eq!(take(&mut scheduler, 1, at(1001)), Some((good, 1)));
    assert_eq!(take(&mut scheduler, 1, at(1001)), None);
    scheduler.ended(&name("tarpit0"), Health::AnswersLate, at(1001));
    assert!(take(&mut scheduler, 1, at(1001)).is_some_and(|(name, _)| name.starts_with("tarpit")));
}

#[test]
fn one_next_hop_for_all_has_all_places_once_it_has_answered() {
    let mut limits = Limits { total: 200, destination: 200, initial: 200, ..Limits::default() };
    let hop = name("hop");
    let mut scheduler = Scheduler::new(limits.clone());
    scheduler.waits(&hop, at(0), at(0));
    assert_eq!(take_all(&mut scheduler, at(0))[&hop], 150);
    assert_eq!(take(&mut scheduler, 1, at(0)), None);
    scheduler.ended(&hop, Health::Answers, at(1));
    assert_eq!(take_all(&mut scheduler, at(1))[&hop], 51);
    assert!(scheduler.is_full());
    // Whoever names it need not wait for that.
    limits.destination = 20;
    let mut scheduler = Scheduler::new(limits.to("hop", 200));
    scheduler.waits(&hop, at(0), at(0));
    assert_eq!(take_all(&mut scheduler, at(0))[&hop], 200);
}

#[test]
fn an_answer_in_time_is_a_proof_until_one_fails() {
    use Health::{Answers, AnswersLate, Fails, Unknown};
    let limits = Limits { total: 4, destination: 4, initial: 4, ..Limits::default() };
    let (a, b) = (name("a"), name("b"));
    for (found, proven) in [
        (&[Answers][..], true),
        (&[AnswersLate], false),
        (&[Unknown], false),
        (&[Answers, AnswersLate, Unknown], true),
        (&[Answers, Fails], false),
        (&[Fails, Answers], true),
    ] {
        let mut scheduler = Scheduler::new(limits.clone());
        for health in found {
            scheduler.waits(&a, at(0), at(0));
            assert_eq!(take(&mut scheduler, 1, at(0)), Some((a.clone(), 1)));
            scheduler.ended(&a, *health, at(0));
        }
        scheduler.waits(&b, at(1), at(1));
        assert_eq!(take_all(&mut scheduler, at(1))[&b], 3);
        scheduler.waits(&a, at(1), at(1));
        assert_eq!(take(&mut scheduler, 1, at(1)).is_some(), proven, "{found:?}");
    }
}

#[test]
fn what_was_proven_when_it_came_into_line_may_not_be_any_more() {
    let mut scheduler = Scheduler::new(Limits { total: 4, destination: 4, initial: 4, ..Limits::default() });
    let (a, b) = (name("a"), name("b"));
    scheduler.waits(&a, at(0), at(0));
    assert_eq!(take(&mut scheduler, 1, at(0)), Some((a.clone(), 1)));
    scheduler.ended(&a, Health::Answers, at(0));
    scheduler.waits(&b, at(1), at(1));
    assert_eq!(take(&mut scheduler, 9, at(1)), Some((b.clone(), 3)));
    scheduler.waits(&a, at(1), at(1));
    // Half an hour later it shares with the other one, and stands behind it.
    assert_eq!(scheduler.next(at(1801)), None);
    for next in [&b, &a] {
        scheduler.ended(&b, Health::Unknown, at(1801));
        assert_eq!(take(&mut scheduler, 1, at(1801)), Some((next.clone(), 1)));
    }
}

#[test]
fn who_has_answered_is_forgotten_after_a_while() {
    let mut scheduler = Scheduler::new(Limits::default());
    let a = name("a");
    scheduler.waits(&a, at(0), at(0));
    assert_eq!(take(&mut scheduler, 1, at(0)), Some((a.clone(), 1)));
    scheduler.ended(&a, Health::Answers, at(0));
    assert_eq!((scheduler.next(at(1799)), scheduler.wake_at()), (None, Some(at(1800))));
    assert_eq!(scheduler.next(at(1800)), None);
    assert!(scheduler.destinations.is_empty() && scheduler.later.is_empty());
}

proptest! {
    /// Anything may happen in any order: nobody gets more than there is, and nothing is lost or left behind.
    #[test]
    fn the_books_are_right(steps in prop::collection::vec((0..6_u8, 0..5_usize, 0..8_usize), 0..300)) {
        let limits = Limits { total: 8, destination: 4, initial: 2, failures: 2, ..Limits::default() };
        let shared = limits.shared();
        let mut scheduler = Scheduler::new(limits);
        let names: Vec<_> = ["a", "b", "c", "d", "e"].map(name).into();
        let (mut now, mut taking, mut running) = (at(0), Vec::new(), Vec::new());
        let check = |scheduler: &Scheduler, running: usize, asked: usize| {
            prop_assert_eq!(scheduler.active, running + asked);
            prop_assert!(scheduler.active <= 8 && scheduler.sharing <= shared);
            let sum: usize = scheduler.destinations.values().map(|destination| destination.sharing).sum();
            prop_assert_eq!(scheduler.sharing, sum);
            Ok(())
        };
        for (step, which, number) in steps {
            match step {
                0 => scheduler.waits(&names[which], now, now),
                1 => taking.extend(scheduler.next(now)),
                2 if !taking.is_empty() => {
                    let (name, max) = taking.swap_remove(number % taking.len());
                    let taken = which.min(max);
                    scheduler.leased(&name, max, taken, None, now);
                    running.extend(std::iter::repeat_n(name, taken));
                }
                3 | 4 if !running.is_empty() => {
                    let name: Arc<str> = running.swap_remove(number % running.len());
                    let all = [Health::Answers, Health::AnswersLate, Health::Fails, Health::Unknown];
                    scheduler.ended(&name, all[which % all.len()], now);
                }
                5 => now += Duration::from_secs(500 * number as u64),
                _ => {}
            }
            check(&scheduler, running.len(), taking.iter().map(|(_, max)| max).sum())?;
        }
        for (name, max) in taking {
            scheduler.leased(&name, max, 0, None, now);
        }
        for name in running {
            scheduler.ended(&name, Health::Unknown, now);
        }
        check(&scheduler, 0, 0)?;
        prop_assert_eq!(scheduler.sharing, 0);
        // Whoever is asked for has a turn, in the end.
        now += Duration::from_hours(24);
        for name in &names {
            scheduler.waits(name, now, now);
        }
        let mut seen = std::collections::BTreeSet::new();
        while let Some((name, max)) = scheduler.next(now) {
            scheduler.leased(&name, max, 1, None, now);
            scheduler.ended(&name, Health::Answers, now);
            seen.insert(name);
        }
        prop_assert_eq!(seen.len(), names.len());
        now += Duration::from_hours(24);
        prop_assert_eq!(scheduler.next(now), None);
        prop_assert!(scheduler.destinations.is_empty() && scheduler.ready.is_empty());
        prop_assert!(scheduler.later.is_empty());
    }
}
