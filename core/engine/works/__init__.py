"""What can be read off a model beside pictures: one module a kind of work, or a few akin."""
