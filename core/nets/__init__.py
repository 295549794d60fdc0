"""Networks written to be read; they load checkpoint weights with no key map."""
