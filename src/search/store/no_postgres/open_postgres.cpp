// Stands in for postgres/ where libpq was not found when Atoll was built.
#include "atoll/error.h"
#include "search/store/database.h"

namespace Atoll {

std::unique_ptr<Database> open_postgres(const std::string&, const StoreOptions&) {
  fail("this atoll was built without PostgreSQL: install libpq-dev and build it again, or name a file as the store");
}

}  // namespace Atoll
