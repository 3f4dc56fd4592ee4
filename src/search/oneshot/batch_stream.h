// BatchStream: batches of a data set without end, epoch after epoch, from a place that can be kept and returned to.
#pragma once

#include <memory>

#include "atoll/data.h"

namespace Atoll {

class BatchStream {
 public:
  BatchStream(std::shared_ptr<const Dataset> data, const LoaderOptions& options) : loader_(std::move(data), options) {}

  struct Place {
    std::int64_t epoch = 0, batch = 0;  // of the batch that comes next
  };
  const Batch& next();
  const Place& place() const { return place_; }
  void go_to(const Place& place);
  std::int64_t batches_per_epoch() const { return loader_.batches_per_epoch(); }

 private:
  Loader loader_;
  Place place_;
  bool started_ = false;
  Batch batch_;
};

}  // namespace Atoll
