#include "search/store/database.h"

#include "atoll/error.h"
#include "search/store/sqlite.h"

namespace Atoll {

void Row::fail_for(std::size_t column, const char* wanted) const {
  fail("trial store '{}' is damaged: column {} of an answer is not {}", store_, column, wanted);
}

std::int64_t Row::integer(std::size_t column) const {
  if (const auto* value = std::get_if<std::int64_t>(&values_.at(column))) return *value;
  fail_for(column, "a whole number");
}

double Row::real(std::size_t column) const {
  if (const auto* value = std::get_if<double>(&values_.at(column))) return *value;
  // SQLite keeps 4.0 as a whole number, and a RETURNING clause shows it so.
  if (const auto* value = std::get_if<std::int64_t>(&values_.at(column))) return static_cast<double>(*value);
  fail_for(column, "a number");
}

const std::string& Row::text(std::size_t column) const {
  if (const auto* value = std::get_if<std::string>(&values_.at(column))) return *value;
  fail_for(column, "text");
}

bool is_postgres(const std::string& store) {
  return store.starts_with("postgresql://") || store.starts_with("postgres://");
}

std::unique_ptr<Database> open_database(const std::string& store, OpenMode mode, const StoreOptions& options) {
  if (is_postgres(store)) return open_postgres(store, options);
  if (store.find("://") != std::string::npos) fail("trial store '{}' is neither a file nor a postgresql:// URL", store);
  return std::make_unique<Sqlite>(store, mode);
}

}  // namespace Atoll
