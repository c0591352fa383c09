{
  "targets": [
    {
      "target_name": "pcapper",
      "sources": ["<!@(ls native/binding/*.cc native/engine/*.cc)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")", "native"],
      "libraries": ["-lpcap"],
      # A look-up of host names may outlive the worker that asked for it: its code must stay.
      "ldflags": ["-Wl,-z,nodelete"],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS"],
      # gcc 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
      "cflags_cc": ["-Wno-restrict", "-std=c++20", "-fexceptions", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wpedantic", "-Werror"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions"],
    }
  ]
}
