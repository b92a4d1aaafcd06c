#include "agent/nodes.h"

#include <cstdint>
#include <sys/stat.h>

namespace catena::agent {
namespace {

// Differs when the file does. A mounted ConfigMap is changed without a signal.
std::string mark_of(const NodeOptions& options) {
  const std::string path = options.eni_conf.empty() ? kEniConf : options.eni_conf;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return {};
  }
  std::string mark = std::to_string(info.st_ino);
  for (const std::int64_t part :
       {static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_mtim.tv_sec),
        static_cast<std::int64_t>(info.st_mtim.tv_nsec)}) {
    mark += "." + std::to_string(part);
  }
  return mark;
}

}  // namespace

base::Result<std::shared_ptr<Node>> Nodes::get() {
  const std::scoped_lock one_at_a_time(opening_);
  const std::string mark = mark_of(options_);
  {
    const std::scoped_lock lock(mutex_);
    if (node_ != nullptr && conf_mark_ == mark) {
      return node_;
    }
  }
  auto node = std::make_shared<Node>(TRY(Node::open(options_)));
  const std::scoped_lock lock(mutex_);
  node_ = node;
  conf_mark_ = mark;
  return node;
}

std::shared_ptr<Node> Nodes::known() {
  const std::scoped_lock lock(mutex_);
  return node_;
}

bool Nodes::is_news(const std::string& notice) {
  const std::scoped_lock lock(mutex_);
  return told_.insert(notice).second;
}

void Nodes::forget() {
  const std::scoped_lock lock(mutex_);
  node_.reset();
  told_.clear();
}

}  // namespace catena::agent
