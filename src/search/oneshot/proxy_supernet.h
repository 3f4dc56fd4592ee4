// The Supernet of a real search: a training back end for each network that is drawn, whose values come from the
// shared weights before every step, and whose gradients go back there.
#pragma once

#include <memory>

#include "atoll/oneshot.h"
#include "atoll/proxy.h"

namespace Atoll {

// Trains on `pictures.train`, judges on `pictures.validation`. The schedule says augmentation, preprocessing and
// threads; everything else is in `options`. Refers to the space.
std::unique_ptr<Supernet> make_proxy_supernet(const Space& space, const ProxyData& pictures, const ProxyOptions& proxy,
                                              const OneShotOptions& options, std::uint64_t seed);

}  // namespace Atoll
