// The tables of a trial store, and how older ones are brought up to date.
#pragma once

#include <cstdint>
#include <string>

#include "search/store/database.h"

namespace Atoll {

void create_tables(Database& database, const std::string& settings, const std::string& task);
std::int64_t version_of(Database& database);
bool is_current(std::int64_t version);
// Throws Error for a version that cannot be brought up to date. Inside a `write`.
void migrate(Database& database, std::int64_t version);

}  // namespace Atoll
