//! Decoding and encoding the documented example of every message of every provider.

use std::hint::black_box;

use criterion::{Criterion, criterion_group};
use passbridge::model::operation::Direction;
use passbridge::provider::template::decode_context::Scratch;

use crate::fixture::{self, Kind};
use crate::wire;

criterion_group!(benches, read, write);

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for fixture in fixture::all() {
        let Kind::Message(operation, direction) = fixture.kind() else { continue };
        group.bench_function(format!("{}/{}", fixture.provider, fixture.name), |bencher| match direction {
            Direction::Request => bencher.iter(|| {
                let scratch = Scratch::default();
                black_box(fixture.read_request(operation, &scratch)).is_ok()
            }),
            Direction::Response => bencher.iter(|| {
                let scratch = Scratch::default();
                black_box(fixture.read_response(operation, &scratch)).is_ok()
            }),
        });
    }
}

fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    for fixture in fixture::all() {
        let Kind::Message(operation, direction) = fixture.kind() else { continue };
        let provider = fixture.provider();
        let template = wire::template(provider, operation);
        let scratch = Scratch::default();
        group.bench_function(format!("{}/{}", fixture.provider, fixture.name), |bencher| match direction {
            Direction::Request => {
                let request = fixture.read_request(operation, &scratch).unwrap();
                bencher.iter(|| black_box(template.write_request(request.record(), wire::writing())));
            }
            Direction::Response => {
                let response = fixture.read_response(operation, &scratch).unwrap();
                bencher.iter(|| black_box(template.write_response(provider, response.record(), wire::writing())));
            }
        });
    }
}
