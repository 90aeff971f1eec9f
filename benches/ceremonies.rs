//! Storing a ceremony and taking it out, in a store with 10 to 1,000,000 others.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group};
use passbridge::ceremony::memory::{Ceremonies, CeremonySettings};
use passbridge::ceremony::{Ceremony, ChallengeKey, SentToUpstream, Subject};
use passbridge::model::operation::Operation;

criterion_group!(benches, remember_and_take);

fn ceremony() -> Ceremony {
    let user = Subject { id: Some("user_24wFP9pDa9YiMJLun94iKykoZs2".into()), email: None };
    Ceremony {
        generation: 0,
        verify_user: false,
        route: "ios_app".into(),
        upstream: "new".into(),
        begun_by: Operation::LoginBegin,
        upstream_session: Some("s".repeat(480).into()),
        caller_session: Some("f3a1c9a2-54f7-4be1-9e0c-5f4f6a1c2b3d".into()),
        requested: user.clone(),
        sent: SentToUpstream { subject: user, ..SentToUpstream::default() },
        expected: Subject::default(),
        bearer_user: None,
        handles: None,
        is_decoy: false,
    }
}

fn key(number: u64) -> ChallengeKey {
    ChallengeKey::of(&number.to_be_bytes())
}

fn remember_and_take(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ceremonies");
    for held in [10, 1_000, 100_000, 1_000_000] {
        let store = Ceremonies::new(&CeremonySettings::default());
        for number in 0..held {
            store.remember(key(number), &ceremony(), None);
        }
        let mut next = held;
        group.bench_function(BenchmarkId::new("remember and take among", held), |bencher| {
            bencher.iter(|| {
                next += 1;
                store.remember(key(next), &ceremony(), None);
                black_box(store.take(key(next)))
            });
        });
    }
}
