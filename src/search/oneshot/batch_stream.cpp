#include "search/oneshot/batch_stream.h"

namespace Atoll {

const Batch& BatchStream::next() {
  if (place_.batch >= batches_per_epoch()) {
    ++place_.epoch;
    place_.batch = 0;
    started_ = false;
  }
  if (!started_) loader_.start_epoch(place_.epoch, place_.batch);
  started_ = true;
  loader_.next(batch_);
  ++place_.batch;
  return batch_;
}

void BatchStream::go_to(const Place& place) {
  place_ = place;
  started_ = false;
}

}  // namespace Atoll
