#include "search/store/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "atoll/error.h"
#include "base/timer.h"

namespace Atoll::postgres {
namespace {

constexpr double kConnectSeconds = 10;
constexpr int kSliceMs = 200;  // after which a waiting thread asks whether it may give up
constexpr std::size_t kPrepared = 40, kPreparedParameters = 100;  // statements that are worth keeping

// Of PostgreSQL's catalogue (pg_type.dat).
constexpr Oid kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701;

std::string text_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);  // all digits
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return "";
}

template <typename T>
T number_of(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Value value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) == 1) return {};
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case kBool: return std::int64_t{text == "t"};
    case kInt2:
    case kInt4:
    case kInt8: return number_of<std::int64_t>(text);
    case kFloat4:
    case kFloat8: return number_of<double>(text);
    default: return std::string(text);
  }
}

// Errors after which the same transaction may succeed: the session is ended, the server starts or stops, two
// transactions stood in each other's way.
bool passes(std::string_view state) {
  static constexpr std::array kStates = {"57P01", "57P02", "57P03", "57P05", "25P03",
                                         "25P04", "53300", "40001", "40P01", "57014"};
  return state.starts_with("08") || std::find(kStates.begin(), kStates.end(), state) != kStates.end();
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Connection::Connection(const std::string& url, const std::string& name, const StoreOptions& options)
    : name_(name), options_(options) {
  // A peer that vanished is noticed by the kernel; the URL comes last, so that it may say otherwise.
  const char* const keys[] = {"keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "fallback_application_name",
                              "client_encoding",
                              "dbname",
                              nullptr};
  const char* const values[] = {"10", "5", "3", "atoll", "UTF8", url.c_str(), nullptr};
  const double deadline = seconds_now() + std::min(kConnectSeconds, options_.answer_s);
  connection_.reset(PQconnectStartParams(keys, values, 1));
  if (!connection_) throw std::bad_alloc();
  if (PQstatus(connection_.get()) == CONNECTION_BAD) lose(last_words());
  for (PostgresPollingStatusType status = PGRES_POLLING_WRITING; status != PGRES_POLLING_OK;) {
    if (status == PGRES_POLLING_FAILED) lose(last_words());
    wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    status = PQconnectPoll(connection_.get());
  }
  if (PQsetnonblocking(connection_.get(), 1) != 0 || PQenterPipelineMode(connection_.get()) != 1) lose(last_words());
}

void Connection::lose(const std::string& reason) const { throw Lost{reason}; }

std::string Connection::last_words() const { return one_line(PQerrorMessage(connection_.get())); }

void Connection::wait(short events, double deadline) {
  for (;;) {
    pollfd socket{PQsocket(connection_.get()), events, 0};
    const double left_ms = (deadline - seconds_now()) * 1e3;
    if (left_ms <= 0) lose("the server does not answer");
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min<double>(kSliceMs, left_ms)) + 1);
    if (ready > 0) return;
    if (options_.give_up && options_.give_up()) throw Interrupted();
  }
}

void Connection::flush(double deadline) {
  for (int rest = PQflush(connection_.get()); rest != 0; rest = PQflush(connection_.get())) {
    if (rest < 0) lose(last_words());
    wait(POLLIN | POLLOUT, deadline);
    if (PQconsumeInput(connection_.get()) == 0) lose(last_words());
  }
}

Connection::Result Connection::next_result(double deadline) {
  while (PQisBusy(connection_.get()) == 1) {
    wait(POLLIN, deadline);
    if (PQconsumeInput(connection_.get()) == 0) lose(last_words());
  }
  return Result(PQgetResult(connection_.get()));
}

void Connection::refuse(const PGresult* result, const std::string& sql) const {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr || passes(state) || PQstatus(connection_.get()) == CONNECTION_BAD)
    lose(result == nullptr ? last_words() : one_line(PQresultErrorMessage(result)));
  fail("trial store '{}' refuses to {}: {}", name_, sql.substr(0, sql.find(' ')),
       one_line(PQresultErrorMessage(result)));
}

// The name under which the server keeps the statement's plan; nullptr when it has enough of them.
const char* Connection::prepared(const std::string& sql) {
  const auto known = prepared_.find(sql);
  if (known != prepared_.end()) return known->second.c_str();
  if (prepared_.size() >= kPrepared) return nullptr;
  const std::string name = fmt::format("atoll{}", prepared_.size());
  if (PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) != 1) lose(last_words());
  sent_.push_back({.sql = sql, .on_row = {}, .result = {}});
  return prepared_.emplace(sql, name).first->second.c_str();
}

void Connection::later(const std::string& sql, const std::vector<Value>& parameters, std::int64_t* changed,
                       const std::function<void(const Row&)>& on_row) {
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  for (const Value& value : parameters) texts.push_back(text_of(value));
  for (std::size_t i = 0; i < texts.size(); ++i)
    pointers.push_back(std::holds_alternative<std::monostate>(parameters[i]) ? nullptr : texts[i].c_str());
  const auto count = static_cast<int>(pointers.size());
  const char* name = pointers.size() <= kPreparedParameters ? prepared(sql) : nullptr;
  const int sent =
      name != nullptr
          ? PQsendQueryPrepared(connection_.get(), name, count, pointers.data(), nullptr, nullptr, 0)
          : PQsendQueryParams(connection_.get(), sql.c_str(), count, nullptr, pointers.data(), nullptr, nullptr, 0);
  if (sent != 1) lose(last_words());
  sent_.push_back({.sql = sql, .changed = changed, .on_row = on_row, .result = {}});
}

void Connection::await_answers() {
  const double deadline = seconds_now() + options_.answer_s;
  if (PQpipelineSync(connection_.get()) != 1) lose(last_words());
  flush(deadline);
  for (Sent& sent : sent_)
    for (Result result = next_result(deadline); result; result = next_result(deadline)) sent.result = std::move(result);
  next_result(deadline);  // the mark that ends them
  const std::vector<Sent> answered = std::move(sent_);
  sent_.clear();
  for (const Sent& sent : answered) {
    const ExecStatusType status = PQresultStatus(sent.result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) refuse(sent.result.get(), sent.sql);
  }
  for (const Sent& sent : answered) pass_on(sent);
}

void Connection::pass_on(const Sent& sent) const {
  const PGresult* result = sent.result.get();
  if (sent.changed != nullptr) *sent.changed = number_of<std::int64_t>(PQcmdTuples(sent.result.get()));
  if (!sent.on_row) return;
  std::vector<Value> values(static_cast<std::size_t>(PQnfields(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < static_cast<int>(values.size()); ++column)
      values[static_cast<std::size_t>(column)] = value_of(result, row, column);
    sent.on_row(Row(values, name_));
  }
}

}  // namespace Atoll::postgres
