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
    if (node_ != nullptr && (conf_mark_ == mark || refused_mark_ == mark)) {
      return node_;
    }
  }
  base::Result<Node> opened = Node::open(options_);
  const std::scoped_lock lock(mutex_);
  if (!opened.ok() && node_ == nullptr) {
    return std::move(opened).error();
  }
  if (!opened.ok()) {
    refused_ = opened.error().text();
    // What is wrong with anything else, as with the metadata service, may pass.
    refused_mark_ = opened.error().is(base::ErrorKind::kBadConfig) ? mark : "";
    return node_;
  }
  node_ = std::make_shared<Node>(std::move(opened).value());
  conf_mark_ = mark;
  refused_.clear();
  refused_mark_.clear();
  return node_;
}

std::string Nodes::refused() {
  const std::scoped_lock lock(mutex_);
  return refused_;
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
  conf_mark_ = "to be read anew";
  refused_mark_.clear();
  told_.clear();
}

}  // namespace catena::agent
