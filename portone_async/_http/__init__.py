"""One HTTP exchange: a request goes in, a reply or an error comes out."""
