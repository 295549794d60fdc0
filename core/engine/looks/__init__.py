"""What can be read off a model beside pictures: one module a look."""
