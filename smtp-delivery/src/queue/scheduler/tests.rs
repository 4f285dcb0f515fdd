use std::time::Duration;

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn name(text: &str) -> Arc<str> {
    text.into()
}

fn scheduler() -> Scheduler {
    Scheduler::new(Limits { total: 8, destination: 4, initial: 2, failures: 2, ..Limits::default() })
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
