// SqlStore: the trial store in SQL, on either Database.
#pragma once

#include <memory>

#include "search/store/database.h"

namespace Atoll {

class SqlStore : public TrialStore {
 public:
  explicit SqlStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  // Makes the tables where there are none (else throws Error unless `resume`), and reads what they say of the search.
  void make(const std::string& settings, const std::string& task, bool resume);
  void read_header();

  const std::string& name() const override { return database_->name(); }
  const std::string& settings() const override { return settings_; }
  const std::string& task() const override { return task_; }
  bool over() const override;
  std::vector<Trial> trials() const override;
  void add(const std::vector<Trial>& trials) override;
  void offer(const Trial& trial) override;
  std::vector<Trial> finished(const std::vector<std::int64_t>& numbers) const override;
  void set_over() override;
  std::optional<Trial> claim(const Lease& lease) override;
  LeaseState renew(std::int64_t number, const Lease& lease) override;
  void release(std::int64_t number, const Lease& lease) override;
  bool finish(const Trial& trial) override;

 private:
  void bring_up_to_date();
  std::vector<Trial> select(const std::string& rest) const;
  void insert(const std::vector<Trial>& trials);
  void insert_unsure();
  void fail_lost(Trial trial);

  std::unique_ptr<Database> database_;
  bool owned_ = false;
  // Added with write_soon and not known to be on the disk: added once more where a connection was lost since.
  std::vector<Trial> unsure_;
  std::int64_t unsure_session_ = 0;
  std::string settings_, task_;
};

}  // namespace Atoll
