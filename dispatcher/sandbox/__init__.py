"""A stand-in for the Call Camp API, in memory: people develop dialers against it, and the tests and the demo run on it.

Campaigns and phones follow the provider's reference; `auth/me`, orders and assistants what is known of the rest. Where
the reference is silent, the sandbox decides, and each decision is written where it is made:

- pages, filters and searches in `listing`;
- accepted bodies and words in `bodies`;
- answers to what is refused in `app`;
- what a deletion does to others in `store`;
- PATCH and DELETE of an order, which no page documents, in `orders`.
"""
