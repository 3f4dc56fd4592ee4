// What every trial store keeps to, wherever it lies: each case runs on a place where there is no store yet.
#pragma once

#include <string>
#include <vector>

#include "atoll/trial_store.h"

namespace Atoll {

struct StoreCase {
  const char* name;
  void (*run)(const std::string& place);
};
const std::vector<StoreCase>& store_cases();

Trial some_trial(std::int64_t number);

}  // namespace Atoll
