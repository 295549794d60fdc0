"""The page on attention: which places listened to which word."""
