// What a sandboxed program may ask of the kernel, as a seccomp program.
#pragma once

#include <string>

#include "base/result.h"

namespace helicon::tools {

// A list of what is allowed: memory, threads, files, clocks and signals, as Python 3.11 to 3.13 on
// glibc 2.36 to 2.41 uses them on x86-64 and on 64-bit ARM. Whatever else there is, or will be, is
// answered with ENOSYS, on which the C library falls back to older calls: sockets, memory that has
// no address (memfd, System V), further processes and namespaces, mounts, tracing, keys, BPF and
// io_uring. Calls by another architecture's numbers end the program. The bytes are an array of
// struct sock_filter. Error: unsupported (libseccomp refuses).
Result<std::string> syscall_filter();

}  // namespace helicon::tools
