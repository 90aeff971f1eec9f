//! Translation of an upstream's response in memory: decoded by one provider's template, encoded by
//! another's, with up to 2,000 credentials.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use http::{HeaderMap, StatusCode};
use passbridge::model::operation::Operation::LoginBegin;
use passbridge::provider::template::decode_context::Scratch;
use passbridge::provider::template::encode::EncodeContext;

use crate::upstream::with_credentials;
use crate::wire;

criterion_group!(benches, credentials);

fn credentials(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("translation");
    let (from, to) = (wire::provider("streambird"), wire::provider("quiva"));
    let (reads, writes) = (wire::template(from, LoginBegin), wire::template(to, LoginBegin));
    let fields = HeaderMap::new();
    for count in [1, 20, 200, 2_000] {
        let answer = Bytes::from(with_credentials(count, "+/++/++/++/++/++/++/+w=="));
        group.throughput(Throughput::Bytes(answer.len() as u64));
        group.bench_with_input(BenchmarkId::new("credentials", count), &answer, |bencher, answer| {
            bencher.iter(|| {
                let scratch = Scratch::default();
                let reading = wire::reading(&scratch);
                let read = reads.read_response(from, LoginBegin, StatusCode::OK, &fields, answer, reading).unwrap();
                let writing = EncodeContext { now: wire::now(), relaxed: &[] };
                black_box(writes.write_response(to, read.record(), writing).unwrap())
            });
        });
    }
}
